import { expect, test } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { startBalancer, untilAllUp } from '../support/balancer.ts';
import { connectTo, engines, startServers } from '../support/cluster.ts';
import { RandomSteps } from '../support/session-state/random-steps.ts';
import { type Shrunk, shrink } from '../support/session-state/shrink.ts';
import { type Step, textOf } from '../support/session-state/step.ts';
import { type Difference, Twins } from '../support/session-state/twins.ts';
import { setUp } from '../support/session-state/vocabulary.ts';

const minutes = Number(process.env['LOCKSTEP_MINUTES'] ?? 3);
const firstSeed = Number(process.env['LOCKSTEP_SEED'] ?? Math.trunc(Math.random() * 0x7fff_ffff));
const roundsMax = Number(process.env['LOCKSTEP_ROUNDS'] ?? Infinity);
const stepsEach = 400;
const sessions = 6;
/** As few as the sessions can do with when each of them holds one. */
const connectionsPerNode = sessions;
const shrinkMsMax = 90_000;
/** Of more differences only the seed and the answers are told. */
const shrunkMax = 8;

const nodeCounts = (process.env['LOCKSTEP_NODES'] ?? '1,3').split(',').map(Number);
const onlyEngine = process.env['LOCKSTEP_ENGINE'];

const clusters = engines()
  .filter(({ name }) => onlyEngine === undefined || name === onlyEngine)
  .flatMap((engine) => nodeCounts.map((nodes) => ({ engine, name: engine.name, nodes })));

function tell({ steps, difference: { direct, through } }: Shrunk): string {
  const own = (lines: readonly string[], others: readonly string[]): readonly string[] =>
    lines.filter((line, index) => line !== others[index]);
  const answers = ['a server:', ...own(direct, through), 'Lockstep:', ...own(through, direct)];
  return [...steps.map(textOf), ...answers].join('\n');
}

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
    const found = await twins.run(steps);
    statements += twins.sent;
    return found;
  };
  const differing: number[] = [];
  let statements = 0;
  /** What making scripts small takes is no part of it. */
  let untilMs = Date.now() + minutes * 60_000;
  let seed = firstSeed;
  for (; Date.now() < untilMs && seed - firstSeed < roundsMax; seed += 1) {
    const steps = new RandomSteps(sessions, seed).make(stepsEach);
    const found = await run(steps);
    if (!found) continue;
    differing.push(seed);
    const before = { ms: Date.now(), statements };
    const small =
      differing.length > shrunkMax
        ? { steps: steps.slice(found.step, found.step + 1), difference: found }
        : await shrink(steps, found, run, before.ms + shrinkMsMax);
    untilMs += Date.now() - before.ms;
    ({ statements } = before);
    console.log(`${engine.name}, ${nodes} nodes, seed ${seed}\n${tell(small)}`);
  }
  const rounds = seed - firstSeed;
  console.log(
    `${engine.name}, ${nodes} nodes, seeds ${firstSeed} to ${seed - 1}: ` +
      `${rounds} rounds of ${sessions} sessions, ${statements} statements, ` +
      `${differing.length} rounds with an answer other than a server's`,
  );
  expect(differing).toEqual([]);
});
