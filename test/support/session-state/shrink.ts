import type { Step } from './step.ts';
import type { Difference } from './twins.ts';

export interface Shrunk {
  readonly steps: readonly Step[];
  readonly difference: Difference;
}

/** As few of the steps as still end in a difference, found by leaving out ever smaller parts. */
export async function shrink(
  all: readonly Step[],
  found: Difference,
  run: (steps: readonly Step[]) => Promise<Difference | undefined>,
  untilMs: number,
): Promise<Shrunk> {
  let steps = all.slice(0, found.step + 1);
  let difference = found;
  // Mostly it is a matter of one session.
  const { who } = steps.at(-1) ?? {};
  const own = steps.filter((step) => step.who === who);
  const alone = own.length < steps.length ? await run(own) : undefined;
  if (alone) {
    difference = alone;
    steps = own.slice(0, alone.step + 1);
  }
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = smaller(size)) {
    for (let at = 0; at < steps.length - 1 && Date.now() < untilMs; ) {
      const fewer = [...steps.slice(0, at), ...steps.slice(at + size)];
      const again = fewer.length === 0 ? undefined : await run(fewer);
      if (again) {
        difference = again;
        steps = fewer.slice(0, again.step + 1);
      } else at += size;
    }
  }
  return { steps, difference };
}

const smaller = (size: number): number => (size === 1 ? 0 : Math.ceil(size / 2));
