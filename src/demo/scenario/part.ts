import type { ScenarioStage } from './scenario-stage.ts';
import type { StepRecorder } from './step-recorder.ts';
import type { Workload } from './workload.ts';

/** What a part of the scenario works with. */
export interface ScenarioPart {
  readonly stage: ScenarioStage;
  readonly steps: StepRecorder;
  readonly say: (line: string) => void;
}

export const allOf = <T>(names: readonly string[], value: T): Record<string, T> =>
  Object.fromEntries(names.map((name) => [name, value]));

/** Waits until the nodes are in that state. */
export function untilState(
  { stage, steps }: ScenarioPart,
  names: readonly string[],
  state: string,
): Promise<void> {
  return steps.eventually(`${names.join(' and ')}: ${state}`, allOf(names, state), async () => {
    const states = await stage.nodes(({ state: now, reason }) =>
      now === 'QUARANTINED' ? `${now}: ${reason}` : now,
    );
    return Object.fromEntries(names.map((name) => [name, states[name]]));
  });
}

/** Starts the servers and sees them pass through RECOVERING to UP. */
export async function startAgain(part: ScenarioPart, names: readonly string[]): Promise<void> {
  const { stage, steps } = part;
  const before = names.map((name) => stage.balancer.watch.statesOf(name).length);
  await Promise.all(names.map((name) => stage.server(name).start()));
  await untilState(part, names, 'UP');
  const way = ['RECOVERING', 'UP'];
  await steps.eventually(`${names.join(' and ')}: RECOVERING, then UP`, allOf(names, way), () =>
    Object.fromEntries(
      names.map((name, index) => [name, stage.balancer.watch.statesOf(name).slice(before[index])]),
    ),
  );
}

/** Resolves when the clients have had that many more inserts acknowledged. */
export function goesOn(
  { steps }: ScenarioPart,
  options: { workload: Workload; when: string; more: number },
): Promise<void> {
  const { workload, when, more } = options;
  const before = workload.acknowledged;
  const title = `reads and writes go on ${when} (${more} more rows)`;
  return steps.eventually(title, true, () => workload.acknowledged >= before + more);
}

/** No log has anything left, and every server holds the same. */
export async function allEqual({ stage, steps }: ScenarioPart): Promise<void> {
  const names = stage.servers.map(({ name }) => name);
  await steps.eventually('the logs of all nodes are empty', allOf(names, []), () =>
    stage.logs(names),
  );
  await steps.eventually('all five nodes are equal by checksum of every table', 'equal', () =>
    stage.equality(),
  );
}
