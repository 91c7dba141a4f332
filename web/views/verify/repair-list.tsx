import type { Repairs } from '../../data/shapes.ts';
import { Icon } from '../../parts/icon.tsx';
import { Panel } from '../../parts/panel.tsx';

/** What became of each range that was to be repaired. */
export function RepairList({ repairs }: { readonly repairs: Repairs }) {
  return (
    <Panel title="Repaired">
      <ul className="repairs">
        {repairs.map(({ node, table, where, outcome, detail }) => {
          const good = outcome === 'repaired' || outcome === 'equal';
          return (
            <li key={`${node} ${table} ${where}`}>
              <span className={`badge ${good ? 'tone-good' : 'tone-bad'}`}>
                <Icon name={good ? 'check' : 'warning'} size={14} />
                {outcome}
              </span>
              <span>
                <strong>{node}</strong> <code>{table}</code>{' '}
                {where === '' ? null : <code className="muted">{where}</code>}
                {detail === '' ? null : <span className="muted"> {detail}</span>}
              </span>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
