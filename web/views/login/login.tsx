import { type FormEvent, useState } from 'react';
import { call } from '../../data/api.ts';
import { Icon } from '../../parts/icon.tsx';
import { messageOf } from '../../parts/notices.tsx';

interface LoginProps {
  readonly title: string;
  readonly path: '/login' | '/sql-login';
  /** How the account's name is called in the request. */
  readonly nameField: 'name' | 'user';
  readonly hint: string;
  readonly onDone: () => void;
}

/** Asks for a name and a password, and says what is wrong with them. */
export function Login({ title, path, nameField, hint, onDone }: LoginProps) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const [fault, setFault] = useState<string>();
  const [busy, setBusy] = useState(false);
  const login = async () => {
    setBusy(true);
    try {
      await call('POST', path, { body: { [nameField]: name, password } });
      onDone();
    } catch (error) {
      setFault(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void login();
  };
  return (
    <form className="login panel" onSubmit={submit} aria-label={title}>
      <h2>{title}</h2>
      <p className="muted">{hint}</p>
      <label>
        Name
        <input
          autoComplete="username"
          value={name}
          required
          autoFocus
          onChange={({ target }) => setName(target.value)}
        />
      </label>
      <label>
        Password
        <input
          type="password"
          autoComplete="current-password"
          value={password}
          onChange={({ target }) => setPassword(target.value)}
        />
      </label>
      {fault === undefined ? null : (
        <p className="tone-bad" role="alert">
          <Icon name="cross" size={14} /> {fault}
        </p>
      )}
      <button type="submit" className="button primary" disabled={busy}>
        Log in
      </button>
    </form>
  );
}
