import { useChange, usePolled } from '../../data/queries.ts';
import { count, duration, timeOf } from '../../data/figures.ts';
import type { Digests, RefusedQueries, SlowQueries } from '../../data/shapes.ts';
import { Button } from '../../parts/button.tsx';
import { useAsk } from '../../parts/confirm.tsx';
import { useNotices } from '../../parts/notices.tsx';
import { Empty, Failure, Loading } from '../../parts/panel.tsx';
import { hrefOf, useRoute } from '../../shell/route.ts';
import { DigestTable } from './digest-table.tsx';
import { RefusedTable, SlowTable } from './slow-table.tsx';

const sorts = { total: 'Total time', count: 'Count', p99: 'p99', errors: 'Errors' } as const;
type Sort = keyof typeof sorts;

const tabs = [
  { name: undefined, title: 'Digests', Body: DigestTab },
  { name: 'slow', title: 'Slow', Body: SlowTab },
  { name: 'refused', title: 'Refused', Body: RefusedTab },
] as const;

/** What statements were run, which were slow, and which were refused. */
export function Queries() {
  const { rest } = useRoute();
  const { Body } = tabs.find(({ name }) => name === rest) ?? tabs[0];
  return (
    <>
      <nav className="tabs" aria-label="Statements">
        {tabs.map(({ name, title }) => (
          <a
            key={title}
            href={hrefOf('queries', name)}
            {...(name === rest ? { 'aria-current': 'true' } : {})}
          >
            {title}
          </a>
        ))}
      </nav>
      <Body />
    </>
  );
}

function DigestTab() {
  const { parameters } = useRoute();
  const sort = (parameters.get('sort') ?? 'total') as Sort;
  const { data, error } = usePolled<Digests>(`/queries?sort=${sort}&limit=200`, 2_000);
  if (data === undefined) {
    if (error !== null) return <Failure what="The statements could not be read" error={error} />;
    return <Loading what="the statements" />;
  }
  const { digests, since, forgotten } = data;
  return (
    <>
      <div className="toolbar">
        <label className="field">
          <span className="muted">Sorted by</span>
          <select
            value={sort}
            onChange={({ target }) => {
              window.location.hash = hrefOf('queries', undefined, { sort: target.value });
            }}
          >
            {Object.entries(sorts).map(([name, title]) => (
              <option key={name} value={name}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <ResetButton />
        <span className="muted">
          {count(data.total ?? digests.length)} forms since {timeOf(since)}
          {forgotten === 0 ? '' : `, ${count(forgotten)} forgotten`}
        </span>
      </div>
      {digests.length === 0 ? (
        <Empty icon="bars" title="No statement yet">
          Statements appear here by their form, with the literals left out.
        </Empty>
      ) : (
        <DigestTable digests={digests} />
      )}
    </>
  );
}

function ResetButton() {
  const ask = useAsk();
  const notices = useNotices();
  const { mutateAsync } = useChange();
  const reset = async () => {
    const goOn = await ask({
      title: 'Forget the statistics?',
      consequence: 'Digests, slow and refused statements are forgotten and counted anew.',
      action: 'Forget',
      dangerous: false,
    });
    if (!goOn) return;
    try {
      await mutateAsync({ method: 'POST', path: '/queries/reset' });
    } catch (error) {
      notices.failed('Reset', error);
    }
  };
  return <Button onClick={() => void reset()}>Reset …</Button>;
}

function SlowTab() {
  const { data, error } = usePolled<SlowQueries>('/queries/slow?limit=200', 2_000);
  if (data === undefined) {
    if (error !== null) return <Failure what="Slow statements could not be read" error={error} />;
    return <Loading what="slow statements" />;
  }
  const { queries, thresholdMs } = data;
  if (queries.length === 0) {
    return (
      <Empty icon="clock" title="No slow statement">
        {thresholdMs === 0
          ? 'None is slow, since no limit is set (telemetry.slow_query).'
          : `A statement is slow beyond ${duration(thresholdMs)} (telemetry.slow_query).`}
      </Empty>
    );
  }
  return <SlowTable queries={queries} />;
}

function RefusedTab() {
  const { data, error } = usePolled<RefusedQueries>('/queries/refused', 2_000);
  if (data === undefined) {
    if (error !== null) {
      return <Failure what="Refused statements could not be read" error={error} />;
    }
    return <Loading what="refused statements" />;
  }
  if (data.queries.length === 0) {
    return (
      <Empty icon="shield" title="Nothing was refused">
        A write that would not be the same on every node is refused, with its reason.
      </Empty>
    );
  }
  return <RefusedTable queries={data.queries} />;
}
