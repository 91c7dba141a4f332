import { Icon } from '../../parts/icon.tsx';
import { messageOf } from '../../parts/notices.tsx';
import type { RunState, SideState } from './console-store.ts';
import { OutcomeView } from './outcome-view.tsx';

/** The same statement's answers, a node each, and whether they are the same. */
export function SideBySide({ sides }: { readonly sides: SideState }) {
  const answers = sides.nodes.map(({ state }) => answerOf(state));
  const usual = usualOf(answers.filter((answer) => answer !== undefined));
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

/** What most of them say; where no answer has more voices than another, each of them differs. */
function usualOf(answers: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const answer of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  const [first, second] = [...counts].toSorted((a, b) => b[1] - a[1]);
  return first?.[1] === second?.[1] ? undefined : first?.[0];
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

/** An error is an answer too: a table may be on some nodes only. */
function answerOf(state: RunState): string | undefined {
  if (state.kind === 'failed') return messageOf(state.error);
  if (state.kind !== 'done' || state.outcome.kind !== 'rows') return undefined;
  return JSON.stringify(state.outcome.rows);
}
