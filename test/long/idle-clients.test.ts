import { readFile } from 'node:fs/promises';
import type { Connection } from 'mysql2/promise';
import { describe, expect, test } from 'vitest';
import { prepareBalancerProcess } from '../support/balancer-process.ts';
import { connectTo, engines, startServers } from '../support/cluster.ts';

const clientCount = 5000;
const atOnce = 50;
/** What one costs at most: sockets, buffers, the session and what it has set. */
const bytesMax = 12 * 1024;

async function residentBytes(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

describe.each(engines())('idle clients, $name', (engine) => {
  test(`${clientCount} of them cost little memory`, async () => {
    await using servers = await startServers({ engine, count: 2 });
    await using balancer = await prepareBalancerProcess(servers);
    await balancer.start();
    const clients: Connection[] = [];
    const open = async (): Promise<void> => {
      const client = await connectTo(balancer, { database: 'app' });
      await client.query("SET time_zone = '+01:00'");
      await client.query('SELECT 1');
      clients.push(client);
    };
    for (let count = 0; count < 200; count += 1) await open();
    const before = await residentBytes(balancer.pid);
    while (clients.length < clientCount) {
      await Promise.all(Array.from({ length: atOnce }, open));
    }
    const after = await residentBytes(balancer.pid);
    const each = (after - before) / (clientCount - 200);
    const mebibytes = (bytes: number): string => `${Math.round(bytes / 1024 / 1024)} MiB`;
    console.log(
      `${engine.name}: ${mebibytes(before)} with 200 clients, ${mebibytes(after)} with ` +
        `${clientCount}: ${Math.round(each / 1024)} KiB each`,
    );
    for (const client of clients) client.destroy();
    expect(each).toBeLessThan(bytesMax);
  });
});
