import { useState } from 'react';
import type { NodeStatus, StrategyStatus } from '../../../src/http/schemas.ts';
import { milliseconds, percent, rate } from '../../data/figures.ts';
import { useRates } from '../../data/live.tsx';
import { useMayOperate, viewerReason } from '../../data/me.ts';
import { useChange, useStatus, useStrategy } from '../../data/queries.ts';
import { useNotices } from '../../parts/notices.tsx';
import { Failure, Loading, Panel } from '../../parts/panel.tsx';
import { WeightField } from '../overview/weight-field.tsx';

type Name = StrategyStatus['name'];

const descriptions: Readonly<Record<Name, { readonly title: string; readonly text: string }>> = {
  round_robin: { title: 'Round robin', text: 'Each node in its turn.' },
  weighted_round_robin: {
    title: 'Weighted round robin',
    text: 'Each node in its turn, as often as its weight says.',
  },
  least_time: {
    title: 'Least time',
    text: 'The node that answered fastest of late; a slow one is tried again after a while.',
  },
  least_connections: {
    title: 'Least connections',
    text: 'The node with the fewest reads under way.',
  },
  random_two_choices: {
    title: 'Random, two choices',
    text: 'Two nodes by chance, and of these the one with fewer reads under way.',
  },
};

/** How the node for a read is chosen, and what that does to the shares. */
export function Strategy() {
  const strategy = useStrategy();
  const status = useStatus();
  if (strategy.data === undefined || status.data === undefined) {
    const error = strategy.error ?? status.error;
    if (error !== null) return <Failure what="The strategy could not be read" error={error} />;
    return <Loading what="the strategy" />;
  }
  return (
    <div className="strategy">
      <Choices current={status.data.strategy} available={strategy.data.available} />
      <Shares nodes={status.data.nodes} />
    </div>
  );
}

interface ChoicesProps {
  readonly current: Name;
  readonly available: readonly Name[];
}

function Choices({ current, available }: ChoicesProps) {
  const { mutateAsync } = useChange();
  const [chosen, setChosen] = useState<Name>();
  const notices = useNotices();
  const mayOperate = useMayOperate();
  const choose = async (name: Name) => {
    setChosen(name);
    try {
      await mutateAsync({ method: 'POST', path: `/strategy/${name}` });
    } catch (error) {
      notices.failed('Strategy', error);
    } finally {
      setChosen(undefined);
    }
  };
  return (
    <Panel title="Choice of the node for a read" note={mayOperate ? undefined : viewerReason}>
      <div className="choices" role="radiogroup" aria-label="Strategy">
        {available.map((name) => (
          <label key={name} className="choice">
            <input
              type="radio"
              name="strategy"
              value={name}
              checked={(chosen ?? current) === name}
              disabled={!mayOperate}
              onChange={() => void choose(name)}
            />
            <span className="choice-title">{descriptions[name]?.title ?? name}</span>
            <code>{name}</code>
            <span className="muted choice-text">{descriptions[name]?.text}</span>
          </label>
        ))}
      </div>
    </Panel>
  );
}

function Shares({ nodes }: { readonly nodes: readonly NodeStatus[] }) {
  const rates = useRates();
  return (
    <Panel title="Shares" note={`${rate(rates.readsPerSecond)} reads/s in the last seconds`}>
      <div className="scroll">
        <table className="table shares">
          <thead>
            <tr>
              <th scope="col">Node</th>
              <th scope="col" className="wide">
                Share of reads
              </th>
              <th scope="col" className="number">
                Reads/s
              </th>
              <th scope="col" className="number">
                Average
              </th>
              <th scope="col" className="number">
                Weight
              </th>
            </tr>
          </thead>
          <tbody>
            {nodes.map((node) => {
              const own = rates.nodes[node.name];
              return (
                <tr key={node.name}>
                  <th scope="row">{node.name}</th>
                  <td>
                    <div className="share-cell">
                      <div className="meter" aria-hidden="true">
                        <div style={{ width: `${(own?.share ?? 0) * 100}%` }} />
                      </div>
                      <span>{own?.share === undefined ? '–' : percent(own.share)}</span>
                    </div>
                  </td>
                  <td className="number">{rate(own?.readsPerSecond ?? 0)}</td>
                  <td className="number nowrap">{milliseconds(node.averageMs)}</td>
                  <td className="number">
                    <WeightField node={node.name} weight={node.weight} />
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}
