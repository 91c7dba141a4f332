import { expect, test } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { startBalancer, untilAllUp } from '../support/balancer.ts';
import { connectTo, engines, startServers } from '../support/cluster.ts';
import { RandomSteps } from '../support/session-state/random-steps.ts';
import { shrink } from '../support/session-state/shrink.ts';
import { type Step, textOf } from '../support/session-state/step.ts';
import { type Difference, Twins } from '../support/session-state/twins.ts';
import { setUp } from '../support/session-state/vocabulary.ts';

const minutes = Number(process.env['LOCKSTEP_MINUTES'] ?? 3);
const firstSeed = Number(process.env['LOCKSTEP_SEED'] ?? Math.trunc(Math.random() * 0x7fff_ffff));
const stepsEach = 400;
const sessions = 6;
/** As few as the sessions can do with when each of them holds one. */
const connectionsPerNode = sessions;
const shrinkMsMax = 180_000;

const clusters = engines().flatMap((engine) =>
  [1, 3].map((nodes) => ({ engine, name: engine.name, nodes })),
);

test.each(clusters)('what random sessions are told, $name, $nodes nodes', async (cluster) => {
  const { engine, nodes } = cluster;
  await using servers = await startServers({ engine, count: nodes + 1 });
  const own = { ...servers, servers: servers.servers.slice(0, nodes) };
  const limits = { ...defaultConfig.limits, connectionsPerNode };
  await using lockstep = await startBalancer(own, { limits });
  await untilAllUp(lockstep);
  const ports = { direct: servers.servers[nodes]?.port ?? 0, through: lockstep.port };
  for (const port of Object.values(ports)) {
    const client = await connectTo({ port }, { database: 'app' });
    for (const sql of setUp) await client.query(sql);
    await client.end();
  }
  const run = async (steps: readonly Step[]): Promise<Difference | undefined> => {
    await using twins = await Twins.open(ports, sessions);
    return await twins.run(steps);
  };
  const untilMs = Date.now() + minutes * 60_000;
  let seed = firstSeed;
  for (; Date.now() < untilMs; seed += 1) {
    const steps = new RandomSteps(sessions, seed).make(stepsEach);
    const found = await run(steps);
    if (!found) continue;
    const small = await shrink(steps, found, run, Date.now() + shrinkMsMax);
    const { direct, through } = small.difference;
    const script = `seed ${seed}\n${small.steps.map(textOf).join('\n')}`;
    expect(through, script).toEqual(direct);
  }
  const rounds = seed - firstSeed;
  console.log(
    `${engine.name}, ${nodes} nodes: ${rounds * sessions} sessions, ` +
      `${rounds * stepsEach} statements, every answer as on a server`,
  );
});
