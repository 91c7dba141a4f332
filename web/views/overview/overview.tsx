import { lazy, Suspense, useState } from 'react';
import type { BalancerStatus, NodeStatus } from '../../../src/http/schemas.ts';
import { bytes, count, duration, rate } from '../../data/figures.ts';
import { useNow, useRates } from '../../data/live.tsx';
import { useMayOperate } from '../../data/me.ts';
import { useDemoNodes, useReadP99, useStatus } from '../../data/queries.ts';
import { Button } from '../../parts/button.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Failure, Loading } from '../../parts/panel.tsx';
import { NodeCard } from './node-card.tsx';
import { RecentEvents } from './recent-events.tsx';

/** The charts come when the first view stands. */
const Charts = lazy(async () => ({ default: (await import('../charts/charts.tsx')).Charts }));

/** Seldom asked for. */
const NodeDialog = lazy(async () => ({
  default: (await import('./node-dialog.tsx')).NodeDialog,
}));

export function Overview() {
  const { data: status, error } = useStatus();
  const demo = useDemoNodes();
  const rates = useRates();
  const p99 = useReadP99();
  const mayOperate = useMayOperate();
  const [joining, setJoining] = useState<Joining>();
  if (status === undefined) {
    if (error !== null) return <Failure what="The status could not be read" error={error} />;
    return <Loading what="the status" />;
  }
  return (
    <>
      {mayOperate ? (
        <div className="view-actions">
          <Button small onClick={() => setJoining({})}>
            <Icon name="plus" size={14} />
            Add a node
          </Button>
        </div>
      ) : null}
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
                onReplace={setJoining}
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
      {joining === undefined ? null : (
        <Suspense>
          <NodeDialog
            nodes={status.nodes}
            replaced={joining.replaced}
            onClose={() => setJoining(undefined)}
          />
        </Suspense>
      )}
    </>
  );
}

/** A server that is being taken in, and for which node. */
interface Joining {
  readonly replaced?: NodeStatus;
}

function Totals({ status }: { readonly status: BalancerStatus }) {
  const { readsPerSecond, writesPerSecond } = useRates();
  const now = useNow();
  const pending = status.nodes.reduce((sum, node) => sum + node.pending, 0);
  const figures: readonly (readonly [string, string, string?])[] = [
    ['Reads', rate(readsPerSecond), '/s'],
    ['Writes', rate(writesPerSecond), '/s'],
    ['Pending', count(pending)],
    ...cacheFigure(status),
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

/** How many of the reads that are kept needed no node; nothing where none is kept. */
function cacheFigure({ cache }: BalancerStatus): readonly (readonly [string, string, string?])[] {
  if (cache === undefined) return [];
  const { hits, misses } = cache;
  const asked = hits + misses;
  return [
    asked === 0 ? ['Cache', 'unused'] : ['Cache', ((100 * hits) / asked).toFixed(1), '% hits'],
  ];
}
