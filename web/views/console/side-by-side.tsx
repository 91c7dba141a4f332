import { Icon } from '../../parts/icon.tsx';
import type { RunState, SideState } from './console-store.ts';
import { OutcomeView } from './outcome-view.tsx';

/** The same statement's answers, a node each, and whether they are the same. */
export function SideBySide({ sides }: { readonly sides: SideState }) {
  const answers = sides.nodes.map(({ state }) => answerOf(state));
  const counts = new Map<string, number>();
  for (const answer of answers) {
    if (answer !== undefined) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  const usual = [...counts].toSorted((a, b) => b[1] - a[1])[0]?.[0];
  return (
    <div className="sides">
      {sides.nodes.map(({ name, state }, index) => (
        <section key={name} className="side-answer" aria-label={`Answer of ${name}`}>
          <h2>
            {name} <Verdict answer={answers[index]} usual={usual} />
          </h2>
          <OutcomeView run={state} />
        </section>
      ))}
    </div>
  );
}

interface VerdictProps {
  readonly answer: string | undefined;
  readonly usual: string | undefined;
}

function Verdict({ answer, usual }: VerdictProps) {
  if (answer === undefined) return null;
  const same = answer === usual;
  return (
    <span className={`badge ${same ? 'tone-good' : 'tone-bad'}`}>
      <Icon name={same ? 'check' : 'warning'} size={14} />
      {same ? 'same' : 'differs'}
    </span>
  );
}

function answerOf(state: RunState): string | undefined {
  if (state.kind !== 'done' || state.outcome.kind !== 'rows') return undefined;
  return JSON.stringify(state.outcome.rows);
}
