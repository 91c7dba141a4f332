import assert from 'node:assert/strict';
import type { RowDataPacket } from 'mysql2/promise';
import { vi } from 'vitest';
import type { Engine } from '../../../src/demo/engine.ts';
import { startBalancer, untilAllUp } from '../balancer.ts';
import { connectTo, expectEqualNodes, startServers } from '../cluster.ts';
import { type Commands, compareCommands } from './compare-commands.ts';

/** Compares commands as no driver sends them; afterwards nothing is left of them. */
export async function rawAssault(engine: Engine, rounds: Commands): Promise<void> {
  await using servers = await startServers({ engine, count: 3 });
  const [plain, ...nodes] = servers.servers;
  await using lockstep = await startBalancer({ ...servers, servers: nodes });
  await untilAllUp(lockstep);
  const ports = { direct: plain?.port ?? 0, through: lockstep.port };
  for (const port of Object.values(ports)) {
    const client = await connectTo({ port }, { database: 'app' });
    await client.query('CREATE TABLE shared (id INT PRIMARY KEY)');
    await client.query('INSERT INTO shared VALUES (2), (3)');
    await client.query('CREATE TABLE beside (n INT PRIMARY KEY)');
    await client.end();
  }
  await compareCommands(engine.name, ports, rounds);
  const { control } = lockstep.balancer;
  await vi.waitUntil(() => control.status().sessions === 0, 20_000);
  for (const { port } of nodes) {
    const root = await connectTo({ port }, { user: 'root' });
    const [[row]] = await root.query<RowDataPacket[]>(
      "SELECT COUNT(*) AS n FROM information_schema.PROCESSLIST WHERE USER = 'app'",
    );
    assert.ok(Number(row?.['n']) <= lockstep.config.limits.connectionsPerNode);
    await root.end();
  }
  await untilAllUp(lockstep);
  await expectEqualNodes(nodes);
}
