import { allEqual, allOf, goesOn, type ScenarioPart, startAgain, untilState } from './part.ts';
import { Workload } from './workload.ts';

const rowsBefore = 150;
const rowsMeanwhile = 150;

/** The leader is killed and another node stopped while clients read and write all the time. */
export async function outageUnderLoad(part: ScenarioPart): Promise<void> {
  const { stage, steps, say } = part;
  say('Part 2: the same with 8 clients reading and writing, the leader among the killed');
  const workload = new Workload({ stage, name: 'busy' });
  await workload.start();
  try {
    await goesOn(part, { workload, when: 'at first', more: rowsBefore });
    const leader = await stage.leader();
    const names = stage.servers.map(({ name }) => name);
    const stopped = names.find((name) => name !== leader) ?? '';
    const down = [leader, stopped];
    const others = names.filter((name) => !down.includes(name));
    say(`kill -9 ${leader} (the leader), SIGTERM ${stopped}`);
    await Promise.all([stage.server(leader).kill(), stage.server(stopped).stop()]);
    await untilState(part, down, 'DOWN');
    const before = await stage.nodes((node) => node.reads);
    await goesOn(part, { workload, when: 'without them', more: rowsMeanwhile });
    await steps.check(`${down.join(' and ')} get no queries`, allOf(down, 0), async () => {
      const after = await stage.nodes((node) => node.reads);
      return Object.fromEntries(
        down.map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)]),
      );
    });
    await steps.check('what they miss is kept for them', allOf(down, true), async () => {
      const pending = await stage.nodes((node) => node.pending);
      return Object.fromEntries(down.map((name) => [name, (pending[name] ?? 0) >= rowsMeanwhile]));
    });
    await steps.eventually('the three others are in sync', allOf(others, true), async () => {
      const inSync = await stage.nodes((node) => node.inSync);
      return Object.fromEntries(others.map((name) => [name, inSync[name]]));
    });
    await startAgain(part, down);
    await goesOn(part, { workload, when: 'with all five', more: rowsMeanwhile });
  } finally {
    await workload.stop();
  }
  await allEqual(part);
  await steps.check(
    'no statement failed, no acknowledged write is missing, none is there twice',
    { failures: [], lost: 0, missing: [], twice: [], miscounted: [] },
    () => workload.verdict(),
  );
}
