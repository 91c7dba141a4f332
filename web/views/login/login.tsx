import { type FormEvent, useEffect, useRef, useState } from 'react';
import { call, ProblemError } from '../../data/api.ts';
import { duration } from '../../data/figures.ts';
import { useNow } from '../../data/live.tsx';
import { Button } from '../../parts/button.tsx';
import { FormField } from '../../parts/form-field.tsx';
import { messageOf } from '../../parts/notices.tsx';

interface LoginProps {
  readonly title: string;
  readonly path: '/login' | '/sql-login';
  /** How the account's name is called in the request. */
  readonly nameField: 'name' | 'user';
  readonly hint: string;
  readonly onDone: () => void;
}

type Fault =
  | { readonly kind: 'refused'; readonly message: string }
  /** Nothing is tried before that, not even the right password. */
  | { readonly kind: 'locked'; readonly untilMs: number };

/** Asks for a name and a password, and says what is wrong with them. */
export function Login({ title, path, nameField, hint, onDone }: LoginProps) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [fault, setFault] = useState<Fault>();
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const now = useNow();
  const leftMs = fault?.kind === 'locked' ? fault.untilMs - now : 0;
  const login = async () => {
    setBusy(true);
    setFault(undefined);
    try {
      await call('POST', path, { body: { [nameField]: name, password } });
      onDone();
    } catch (error) {
      setFault(faultOf(error));
      field.current?.select();
    } finally {
      setBusy(false);
    }
  };
  // The time is over: what was said of it is no longer true.
  useEffect(() => {
    if (fault?.kind === 'locked' && leftMs <= 0) setFault(undefined);
  }, [fault, leftMs]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void login();
  };
  return (
    <form className="login panel" onSubmit={submit} aria-label={title}>
      <h2>{title}</h2>
      <p className="muted">{hint}</p>
      <FormField label="Name">
        {(props) => (
          <input
            {...props}
            autoComplete="username"
            spellCheck={false}
            value={name}
            required
            autoFocus
            onChange={({ target }) => setName(target.value)}
          />
        )}
      </FormField>
      <FormField label="Password" error={wordsOf(fault, leftMs)}>
        {(props) => (
          <input
            {...props}
            ref={field}
            type="password"
            autoComplete="current-password"
            value={password}
            onChange={({ target }) => setPassword(target.value)}
          />
        )}
      </FormField>
      <Button tone="primary" type="submit" disabled={busy || leftMs > 0}>
        {busy ? 'Logging in …' : 'Log in'}
      </Button>
    </form>
  );
}

function faultOf(error: unknown): Fault {
  const retryAfterMs = error instanceof ProblemError ? error.problem.retryAfterMs : undefined;
  if (retryAfterMs === undefined) return { kind: 'refused', message: messageOf(error) };
  return { kind: 'locked', untilMs: Date.now() + retryAfterMs };
}

function wordsOf(fault: Fault | undefined, leftMs: number): string | undefined {
  if (fault === undefined) return undefined;
  if (fault.kind === 'refused') return fault.message;
  const wait = duration(Math.max(1_000, Math.ceil(leftMs / 1_000) * 1_000));
  return `Too many wrong passwords. Try again in ${wait}; until then none is looked at.`;
}
