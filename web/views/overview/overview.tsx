import { lazy, Suspense } from 'react';
import type { BalancerStatus } from '../../../src/http/schemas.ts';
import { bytes, count, duration, rate } from '../../data/figures.ts';
import { useNow, useRates } from '../../data/live.tsx';
import { useDemoNodes, useReadP99, useStatus } from '../../data/queries.ts';
import { Failure, Loading } from '../../parts/panel.tsx';
import { NodeCard } from './node-card.tsx';
import { RecentEvents } from './recent-events.tsx';

/** The charts come when the first view stands. */
const Charts = lazy(async () => ({ default: (await import('../charts/charts.tsx')).Charts }));

export function Overview() {
  const { data: status, error } = useStatus();
  const demo = useDemoNodes();
  const rates = useRates();
  const p99 = useReadP99();
  if (status === undefined) {
    if (error !== null) return <Failure what="The status could not be read" error={error} />;
    return <Loading what="the status" />;
  }
  return (
    <>
      <Totals status={status} />
      <ul className="node-cards" aria-label="Nodes">
        {status.nodes.map((node) => {
          const server = demo.find(({ name }) => name === node.name);
          const own = rates.nodes[node.name];
          return (
            <li key={node.name}>
              <NodeCard
                node={node}
                nodes={status.nodes}
                p99={p99[node.name] ?? null}
                {...(own === undefined ? {} : { rates: own })}
                {...(server === undefined ? {} : { server })}
              />
            </li>
          );
        })}
      </ul>
      <Suspense fallback={<Loading what="the charts" />}>
        <Charts />
      </Suspense>
      <RecentEvents />
    </>
  );
}

function Totals({ status }: { readonly status: BalancerStatus }) {
  const { readsPerSecond, writesPerSecond } = useRates();
  const now = useNow();
  const pending = status.nodes.reduce((sum, node) => sum + node.pending, 0);
  const figures: readonly (readonly [string, string, string?])[] = [
    ['Reads', rate(readsPerSecond), '/s'],
    ['Writes', rate(writesPerSecond), '/s'],
    ['Pending', count(pending)],
    ['Sessions', count(status.sessions)],
    ['Last entry', count(status.lastSeq)],
    ['Log', bytes(status.log.sizeBytes)],
    ['Leader', status.leader ?? 'none'],
    ['Up for', duration(now - Date.parse(status.startedAt))],
  ];
  return (
    <dl className="totals" aria-label="Totals">
      {figures.map(([name, value, unit]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            {value}
            {unit === undefined ? null : <span className="unit">{unit}</span>}
          </dd>
        </div>
      ))}
    </dl>
  );
}
