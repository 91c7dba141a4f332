import type { VerifyReport } from '../../data/shapes.ts';
import { useMayOperate } from '../../data/me.ts';
import { useChange, useStatus } from '../../data/queries.ts';
import { resyncAction } from '../../data/node-actions.ts';
import { Button } from '../../parts/button.tsx';
import { useAsk } from '../../parts/confirm.tsx';
import { useNotices } from '../../parts/notices.tsx';
import { useAct } from '../../parts/use-act.ts';
import { isOfRows, type OddNode, wayOutOf } from './way-out.ts';

/** What can be done about differences, with the buttons that do it. */
export function WayOutView({ report }: { readonly report: VerifyReport }) {
  const way = wayOutOf(report);
  switch (way.kind) {
    case 'nothing':
      return null;
    case 'choose':
      return (
        <div className="way-out">
          <p>
            Most nodes do not agree, so nobody is known to be right. Look at the data below or in
            the console, side by side, then make the wrong one a copy of another:
          </p>
          <ResyncButtons nodes={way.nodes} />
        </div>
      );
    case 'left':
      return (
        <div className="way-out">
          <p>Not everything could be repaired; a copy of all data helps in any case:</p>
          <ResyncButtons nodes={way.nodes} />
        </div>
      );
    case 'mend':
      return (
        <div className="way-out">
          {way.nodes.map((node) => (
            <Mending key={node.name} node={node} />
          ))}
          <div className="way-out-buttons">
            {way.nodes.some(({ repairable }) => repairable) ? (
              <RepairButton report={report} nodes={way.nodes.map(({ name }) => name)} />
            ) : null}
            <ResyncButtons nodes={way.nodes.map(({ name }) => name)} />
          </div>
        </div>
      );
  }
}

function Mending({ node: { name, tables, repairable } }: { readonly node: OddNode }) {
  const where = tables === 1 ? 'in one table' : `in ${tables} tables`;
  return (
    <p>
      <strong>{name}</strong> differs from most {where}:{' '}
      {repairable
        ? 'repair replaces the ranges of rows that differ, resync replaces all it has.'
        : 'rows alone cannot mend that, so make it a copy of another node.'}
    </p>
  );
}

interface RepairButtonProps {
  readonly report: VerifyReport;
  readonly nodes: readonly string[];
}

function RepairButton({ report, nodes }: RepairButtonProps) {
  const mayOperate = useMayOperate();
  const ask = useAsk();
  const notices = useNotices();
  const { mutateAsync, isPending } = useChange();
  const list = nodes.join(' and ');
  const repair = async () => {
    const goOn = await ask({
      title: `Repair ${list}?`,
      consequence:
        `Rows of ${list} that differ are replaced by those that most nodes have. ` +
        'It serves nothing meanwhile. What differs is compared once more first.',
      action: 'Repair',
      dangerous: true,
    });
    if (!goOn) return;
    const tables = report.tables.filter(isOfRows).map(({ schema, table }) => `${schema}.${table}`);
    try {
      const body = { wait: false, repair: true, rows: true, tables };
      await mutateAsync({ method: 'POST', path: '/verify', body });
    } catch (error) {
      notices.failed('Repair', error);
    }
  };
  if (!mayOperate) return null;
  return (
    <Button tone="danger" disabled={isPending} onClick={() => void repair()}>
      Repair {list} …
    </Button>
  );
}

/** Of nodes that are members still. */
function ResyncButtons({ nodes }: { readonly nodes: readonly string[] }) {
  const members = useStatus().data?.nodes ?? [];
  const mayOperate = useMayOperate();
  const act = useAct();
  if (!mayOperate) return null;
  return members
    .filter(({ name }) => nodes.includes(name))
    .map((node) => (
      <Button key={node.name} onClick={() => act(node.name, resyncAction(node))}>
        Resync {node.name} …
      </Button>
    ));
}
