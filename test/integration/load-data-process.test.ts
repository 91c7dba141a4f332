import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import type { Connection, ResultSetHeader } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BalancerProcess, prepareBalancerProcess } from '../support/balancer-process.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';
import { extended } from '../support/extended.ts';

const mebibyte = 1024 * 1024;
const rowBytes = 1024;
const rowsPerChunk = 64;
const fileMebibytes = 160;

/** V8 may leave 64 MiB of buffers that nobody needs any more lying before it collects them. */
const grownMebibytesMax = 112;

/** Bytes of memory that the process had at most. */
const memoryPeak = (pid: number): number =>
  Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;

describe.each(engines())('LOAD DATA LOCAL and its balancer, $name', extended, (engine) => {
  let servers: TestServers;
  let lockstep: BalancerProcess;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3, extraArguments: ['--local-infile=1'] });
    lockstep = await prepareBalancerProcess(servers);
    await lockstep.start();
  });
  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
  });

  const open = (): Promise<Connection> => connectTo(lockstep, { database: 'app' });
  const load = async (client: Connection, table: string, rows: number): Promise<number> => {
    const chunks = function* (): Generator<Buffer> {
      for (let id = 0; id < rows; id += rowsPerChunk) {
        const lines = Array.from({ length: rowsPerChunk }, (_, at) => `${id + at}\t`);
        yield Buffer.from(lines.map((line) => `${line.padEnd(rowBytes - 1, 'x')}\n`).join(''));
      }
    };
    const [{ affectedRows }] = await client.query<ResultSetHeader>({
      sql: `LOAD DATA LOCAL INFILE 'f' INTO TABLE ${table}`,
      infileStreamFactory: () => Readable.from(chunks()),
    });
    return affectedRows;
  };
  const make = (client: Connection, table: string): Promise<unknown> =>
    client.query(`CREATE TABLE ${table} (id INT PRIMARY KEY, v VARCHAR(1100))`);
  /** The nodes, when each has everything. */
  const expectAlike = async (): Promise<void> => {
    const status = async (): Promise<unknown> => {
      const answer = await fetch(`http://127.0.0.1:${lockstep.httpPort}/nodes`);
      const nodes = (await answer.json()) as { state: string; pending: number }[];
      return nodes.map(({ state, pending }) => `${state} ${pending}`);
    };
    await expect.poll(status, { timeout: 60_000 }).toEqual(['UP 0', 'UP 0', 'UP 0']);
    await expectEqualNodes(servers.servers);
  };

  test('160 MB on their way to three nodes are never in memory', async () => {
    const client = await open();
    await make(client, 'large');
    await load(client, 'large', 1024);
    const before = memoryPeak(lockstep.pid!);
    await client.query('DELETE FROM large');
    expect(await load(client, 'large', fileMebibytes * 1024)).toBe(fileMebibytes * 1024);
    const grown = memoryPeak(lockstep.pid!) - before;
    expect(grown).toBeLessThan(grownMebibytesMax * mebibyte);
    client.destroy();
    await expectAlike();
  });

  test('a balancer that dies when it is in the log finds the file again', async () => {
    const client = await open();
    await make(client, 'logged');
    client.destroy();
    await lockstep.kill();
    await lockstep.start('commit.durable');
    const other = await open();
    other.on('error', () => {});
    await expect(load(other, 'logged', 1024)).rejects.toThrow();
    await lockstep.ended();
    await lockstep.start();
    const again = await open();
    const [rows] = await again.query('SELECT COUNT(*) AS n FROM logged');
    expect(rows).toEqual([{ n: 1024 }]);
    again.destroy();
    await expectAlike();
  });
});
