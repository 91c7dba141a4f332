import { test } from 'vitest';
import { startBalancer, untilAllUp } from '../support/balancer.ts';
import { BulkClient } from '../support/bulk-client.ts';
import { engines, expectEqualNodes, startServers } from '../support/cluster.ts';
import { compareBulk } from '../support/random-bulk.ts';

const minutes = Number(process.env['LOCKSTEP_MINUTES'] ?? 3);
const firstSeed = Number(process.env['LOCKSTEP_SEED'] ?? Math.trunc(Math.random() * 0x7fff_ffff));

/** MySQL has no such command. */
const mariadb = engines(['mariadb']);

test.each(mariadb)('random executions in bulk are as on a server, $name', async (engine) => {
  await using servers = await startServers({ engine, count: 4 });
  const own = { ...servers, servers: servers.servers.slice(0, 3) };
  await using lockstep = await startBalancer(own);
  await untilAllUp(lockstep);
  const untilMs = Date.now() + minutes * 60_000;
  let seed = firstSeed;
  for (; Date.now() < untilMs; seed += 1) {
    await using direct = await BulkClient.connect(servers.servers[3]?.port ?? 0);
    await using through = await BulkClient.connect(lockstep.port);
    await compareBulk(direct, through, seed);
    await expectEqualNodes(own.servers);
  }
  console.log(`${seed - firstSeed} random scripts from seed ${firstSeed}`);
});
