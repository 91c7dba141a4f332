import type { RefObject } from 'react';
import type { NodeTlsMode } from '../../../src/config/node-tls-mode.ts';
import type { NodeStatus } from '../../../src/http/schemas.ts';
import type { FieldErrors, NewServer } from '../../data/new-server.ts';
import { FormField } from '../../parts/form-field.tsx';

interface ServerFieldsProps {
  readonly server: NewServer;
  readonly errors: FieldErrors;
  readonly replaced: NodeStatus | undefined;
  /** Where typing begins. */
  readonly first: RefObject<HTMLInputElement | null>;
  readonly onChange: (part: Partial<NewServer>) => void;
}

const tlsModes: Readonly<Record<NodeTlsMode, string>> = {
  off: 'Off',
  preferred: 'If the server offers it',
  required: 'Required',
  verify_ca: 'Required, its authority checked',
  verify_identity: 'Required, its name checked too',
};

type TextName = 'name' | 'host' | 'port' | 'user' | 'password' | 'schema' | 'weight';

/** The controls of a server that is to be a node. */
export function ServerFields({ server, errors, replaced, first, onChange }: ServerFieldsProps) {
  const text = (name: TextName, label: string, more: { hint?: string; type?: string } = {}) => (
    <FormField label={label} hint={more.hint} error={errors[name]}>
      {(props) => (
        <input
          {...props}
          {...((replaced === undefined ? 'name' : 'host') === name ? { ref: first } : {})}
          type={more.type ?? 'text'}
          inputMode={name === 'port' || name === 'weight' ? 'numeric' : 'text'}
          autoComplete={name === 'password' ? 'new-password' : 'off'}
          spellCheck={false}
          value={server[name]}
          onChange={({ target }) =>
            onChange({ [name]: name === 'password' ? target.value : target.value.trim() })
          }
        />
      )}
    </FormField>
  );
  return (
    <>
      {replaced === undefined ? text('name', 'Name') : null}
      <div className="form-row host-row">
        {text('host', 'Host')}
        {text('port', 'Port')}
      </div>
      <div className="form-row">
        {text('user', 'User')}
        {text('password', 'Password', { type: 'password' })}
      </div>
      <div className="form-row">
        {text('schema', 'Default schema', { hint: 'For clients that name none; may be empty.' })}
        {text('weight', 'Weight', { hint: 'Its share of the reads.' })}
      </div>
      <FormField label="TLS" error={errors.tls}>
        {(props) => (
          <select
            {...props}
            value={server.tls}
            onChange={({ target }) => onChange({ tls: target.value as NodeTlsMode })}
          >
            {Object.entries(tlsModes).map(([mode, words]) => (
              <option key={mode} value={mode}>
                {words}
              </option>
            ))}
          </select>
        )}
      </FormField>
      <Check
        label="Delete what it holds, and fill it with a copy"
        hint="Otherwise a server with data of its own is refused, unless it holds just the same."
        error={errors.resync}
        checked={server.resync}
        onChange={(resync) => onChange({ resync })}
      />
      {replaced === undefined || replaced.state === 'DOWN' ? null : (
        <Check
          label={`Do not wait for ${replaced.name}`}
          hint="What it is at is cut off. Otherwise its transactions and reads end first."
          error={errors.force}
          checked={server.force}
          onChange={(force) => onChange({ force })}
        />
      )}
    </>
  );
}

interface CheckProps {
  readonly label: string;
  readonly hint: string;
  readonly error: string | undefined;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

function Check({ label, hint, error, checked, onChange }: CheckProps) {
  return (
    <FormField label={label} hint={hint} error={error} checkbox>
      {(props) => (
        <input
          {...props}
          type="checkbox"
          checked={checked}
          onChange={({ target }) => onChange(target.checked)}
        />
      )}
    </FormField>
  );
}
