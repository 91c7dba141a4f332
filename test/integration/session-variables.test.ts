import { expect, test } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import { startBalancer, untilAllUp } from '../support/balancer.ts';
import { engines, startServers } from '../support/cluster.ts';
import { extended } from '../support/extended.ts';
import { SessionClient } from '../support/session-state/session-client.ts';
import { inTurn, knownVariables } from '../support/session-state/variables.ts';

/** So few that the session beside it takes each of them in turn. */
const connectionsPerNode = 2;
const testMsMax = 400_000;
const options = { ...extended, timeout: testMsMax };
const query = (sql: string) => ({ kind: 'query', sql }) as const;

test.each(engines())('each variable is set as on a server, $name', options, async (engine) => {
  await using servers = await startServers({ engine, count: 4 });
  const limits = { ...defaultConfig.limits, connectionsPerNode };
  const nodes = { ...servers, servers: servers.servers.slice(0, 3) };
  await using lockstep = await startBalancer(nodes, { limits });
  await untilAllUp(lockstep);
  await using direct = await SessionClient.connect(servers.servers[3]?.port ?? 0);
  await using through = await SessionClient.connect(lockstep.port);
  await using other = await SessionClient.connect(lockstep.port);
  const listed = await direct.send(query('SHOW SESSION VARIABLES'));
  const names = listed.flatMap((line) => /^row: (\w+) \|/.exec(line)?.[1] ?? []);
  expect(names.length).toBeGreaterThan(500);
  const different: string[] = [];
  for (const name of names) {
    if (knownVariables[engine.name].has(name)) continue;
    await Promise.all([direct, through].map((one) => one.send({ kind: 'reset' })));
    for (const sql of inTurn(name)) {
      const both = [direct, through].map((one) => one.send(query(sql)));
      const [want = [], told = []] = await Promise.all(both);
      await other.send(query('SELECT @@sql_mode, @@time_zone'));
      if (told.join('\n') === want.join('\n')) continue;
      different.push(`${sql}\n  on a server: ${want.join(' ')}\n  Lockstep: ${told.join(' ')}`);
      break;
    }
  }
  expect(different.join('\n')).toBe('');
});
