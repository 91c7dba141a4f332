import { count, duration } from '../../data/figures.ts';
import { useNow } from '../../data/live.tsx';
import { useMayOperate } from '../../data/me.ts';
import { useChange } from '../../data/queries.ts';
import type { VerifyStatus } from '../../data/shapes.ts';
import { Button } from '../../parts/button.tsx';
import { useNotices } from '../../parts/notices.tsx';

type Running = NonNullable<VerifyStatus['running']>;

const phases: Readonly<Record<Running['phase'], string>> = {
  definitions: 'Comparing definitions',
  tables: 'Comparing rows',
  repair: 'Repairing',
};

/** How far the comparison under way is. */
export function RunningView({ running }: { readonly running: Running }) {
  const { startedAt, phase, table, tablesDone, tables, rows, differing } = running;
  const now = useNow();
  const mayOperate = useMayOperate();
  const notices = useNotices();
  const { mutateAsync, isPending } = useChange();
  const cancel = async () => {
    try {
      await mutateAsync({ method: 'DELETE', path: '/verify' });
    } catch (error) {
      notices.failed('Cancel', error);
    }
  };
  const known = tables > 0 && phase === 'tables';
  return (
    <div className="verify-running">
      <div className="verify-words">
        <p role="status">
          <strong>{phases[phase]}</strong> {table === '' ? '' : <code>{table}</code>}
        </p>
        {mayOperate ? (
          <Button small disabled={isPending} onClick={() => void cancel()}>
            Cancel
          </Button>
        ) : null}
      </div>
      <progress
        aria-label="Comparison"
        max={1}
        {...(known ? { value: tablesDone / tables } : {})}
      />
      <p className="muted">
        {known ? `Table ${count(Math.min(tablesDone + 1, tables))} of ${count(tables)}, ` : ''}
        {count(rows)} rows, for {duration(now - Date.parse(startedAt))}
        {differing === 0 ? ', no difference so far' : ''}
        {differing === 0 ? null : (
          <span className="tone-bad">, {count(differing)} tables or definitions differ</span>
        )}
      </p>
    </div>
  );
}
