import { allEqual, goesOn, type ScenarioPart, startAgain, untilState } from './part.ts';
import { Workload } from './workload.ts';

const rows = 120;
const clientCount = 8;

/** The balancer itself is killed under load while a node is down, and started again. */
export async function balancerKilled(part: ScenarioPart): Promise<void> {
  const { stage, steps, say } = part;
  say('Part 3: the balancer is killed under load while a node is down');
  const workload = new Workload({ stage, name: 'killed' });
  await workload.start();
  try {
    await goesOn(part, { workload, when: 'at first', more: rows });
    const leader = await stage.leader();
    const away = stage.servers.map(({ name }) => name).find((name) => name !== leader) ?? '';
    say(`kill -9 ${away}`);
    await stage.server(away).kill();
    await untilState(part, [away], 'DOWN');
    await goesOn(part, { workload, when: 'without it', more: rows });
    say('kill -9 of the balancer');
    await stage.balancer.kill();
    await steps.check('the balancer starts again with the node down', 'serves', () =>
      stage.balancer.start().then(() => 'serves'),
    );
    await untilState(part, [away], 'DOWN');
    await goesOn(part, { workload, when: 'with the new process', more: rows });
    await startAgain(part, [away]);
    await goesOn(part, { workload, when: 'with all five', more: rows });
  } finally {
    await workload.stop();
  }
  await allEqual(part);
  await steps.check(
    'nothing failed but what the kill cut off; nothing acknowledged is missing, nothing twice',
    { failures: [], cutOffAtMostOnceEach: true, missing: [], twice: [], miscounted: [] },
    async () => {
      const { lost, ...rest } = await workload.verdict();
      return { ...rest, cutOffAtMostOnceEach: lost <= clientCount };
    },
  );
}
