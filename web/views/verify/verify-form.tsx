import { type FormEvent, useState } from 'react';
import { ProblemError } from '../../data/api.ts';
import { useMayOperate } from '../../data/me.ts';
import { useChange } from '../../data/queries.ts';
import { Button } from '../../parts/button.tsx';
import { FormField } from '../../parts/form-field.tsx';
import { messageOf } from '../../parts/notices.tsx';

const tableName = /^[^.\s]+\..+$/;

/** Begins a comparison: of everything, or of some tables. */
export function VerifyForm() {
  const mayOperate = useMayOperate();
  const [typed, setTyped] = useState('');
  const [rows, setRows] = useState(true);
  const [fault, setFault] = useState<string>();
  const { mutateAsync, isPending } = useChange();
  const begin = async () => {
    const tables = typed.split(/[\s,]+/).filter((name) => name !== '');
    const odd = tables.find((name) => !tableName.test(name));
    setFault(odd === undefined ? undefined : `${odd} is not of the form schema.table.`);
    if (odd !== undefined) return;
    try {
      const body = { wait: false, rows, ...(tables.length === 0 ? {} : { tables }) };
      await mutateAsync({ method: 'POST', path: '/verify', body });
    } catch (error) {
      const remedy = error instanceof ProblemError ? error.problem.remedy : undefined;
      setFault([messageOf(error), ...(remedy === undefined ? [] : [remedy])].join('\n'));
    }
  };
  if (!mayOperate) {
    return <p className="muted pad">A comparison is begun by an administrator; you may read it.</p>;
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void begin();
  };
  return (
    <form className="verify-form" onSubmit={submit}>
      <FormField label="Tables" hint="All, unless some are named." error={fault}>
        {(props) => (
          <input
            {...props}
            placeholder="app.users, app.orders"
            spellCheck={false}
            value={typed}
            onChange={({ target }) => setTyped(target.value)}
          />
        )}
      </FormField>
      <FormField
        label="Show which rows differ"
        hint="The first 100 of each table, column by column."
        checkbox
      >
        {(props) => (
          <input
            {...props}
            type="checkbox"
            checked={rows}
            onChange={({ target }) => setRows(target.checked)}
          />
        )}
      </FormField>
      <Button tone="primary" icon="compare" type="submit" disabled={isPending}>
        Compare now
      </Button>
    </form>
  );
}
