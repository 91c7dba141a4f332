import { type FormEvent, useId, useState } from 'react';
import { useMayOperate } from '../../data/me.ts';
import { useChange } from '../../data/queries.ts';
import type { Setting } from '../../data/shapes.ts';
import { Button } from '../../parts/button.tsx';
import { useAsk } from '../../parts/confirm.tsx';
import { Icon } from '../../parts/icon.tsx';
import { messageOf, useNotices } from '../../parts/notices.tsx';

export function SettingRow({ setting }: { readonly setting: Setting }) {
  const { path, value, source, changes, description, allowed } = setting;
  const [editing, setEditing] = useState(false);
  const mayOperate = useMayOperate();
  return (
    <li className="setting">
      <div className="setting-name">
        <code>{path}</code>
        <span className={`badge tone-${source === 'default' ? 'quiet' : 'busy'}`}>{source}</span>
      </div>
      <p className="muted">
        <Marked text={allowed === '' ? description : `${description} (${allowed})`} />
      </p>
      {editing ? (
        <SettingForm setting={setting} onEnd={() => setEditing(false)} />
      ) : (
        <div className="setting-value">
          <code>{textOf(value)}</code>
          {changes === 'now' && mayOperate ? (
            <button
              type="button"
              className="icon-button"
              aria-label={`Change ${path}`}
              onClick={() => setEditing(true)}
            >
              <Icon name="edit" size={14} />
            </button>
          ) : (
            <span className="muted">{changes === 'now' ? '' : 'needs a restart'}</span>
          )}
        </div>
      )}
    </li>
  );
}

/** What stands between backticks is code. */
function Marked({ text }: { readonly text: string }) {
  return text
    .split('`')
    .map((piece, index) => (index % 2 === 1 ? <code key={index}>{piece}</code> : piece));
}

interface SettingFormProps {
  readonly setting: Setting;
  readonly onEnd: () => void;
}

function SettingForm({ setting, onEnd }: SettingFormProps) {
  const { path, value, kind, choices } = setting;
  const id = useId();
  const ask = useAsk();
  const notices = useNotices();
  const { mutateAsync, isPending } = useChange();
  const [typed, setTyped] = useState(textOf(value));
  const [fault, setFault] = useState<string>();
  const change = async () => {
    const from = textOf(value);
    const goOn = await ask({
      title: `Change ${path}?`,
      consequence: `From ${from} to ${typed}, at once and until the next restart.`,
      action: 'Change',
      dangerous: false,
    });
    if (!goOn) return;
    try {
      const body = { set: { [path]: valueOf(typed, kind, value) } };
      await mutateAsync({ method: 'PATCH', path: '/config', body });
      notices.done(`${path} is ${typed}`);
      onEnd();
    } catch (error) {
      setFault(messageOf(error));
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void change();
  };
  const wrong =
    fault === undefined ? {} : { 'aria-invalid': true, 'aria-describedby': `${id}-error` };
  const shown = choices ?? (typeof value === 'boolean' ? ['true', 'false'] : undefined);
  return (
    <form className="setting-value" onSubmit={submit}>
      {shown === undefined ? (
        <input
          {...wrong}
          aria-label={path}
          value={typed}
          autoFocus
          onChange={({ target }) => setTyped(target.value)}
        />
      ) : (
        <select
          {...wrong}
          aria-label={path}
          value={typed}
          onChange={({ target }) => setTyped(target.value)}
        >
          {shown.map((choice) => (
            <option key={choice}>{choice}</option>
          ))}
        </select>
      )}
      <Button small tone="primary" type="submit" disabled={isPending}>
        Change
      </Button>
      <Button small onClick={onEnd}>
        Cancel
      </Button>
      {fault === undefined ? null : (
        <p className="form-error tone-bad" id={`${id}-error`} role="alert">
          <Icon name="warning" size={14} />
          <span>{fault}</span>
        </p>
      )}
    </form>
  );
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return 'none';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** As the file would have it: numbers and flags without quotes, all else as it is typed. */
function valueOf(typed: string, kind: string, before: unknown): unknown {
  if (typed === 'none' && (before === null || before === undefined)) return null;
  if (kind === 'flag' || typeof before === 'boolean') return typed === 'true';
  if (kind === 'integer' || typeof before === 'number') return Number(typed);
  return typed;
}
