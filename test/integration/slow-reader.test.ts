import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Connection, createConnection } from 'mysql2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareBalancerProcess } from '../support/balancer-process.ts';
import { createAuthority, type TestAuthority } from '../support/certificates.ts';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';
import { extended } from '../support/extended.ts';

const MiB = 1024 * 1024;
const rowCount = 99;

const field = (pid: number, file: string, name: string): number =>
  Number(
    new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1],
  );
/** Bytes of memory now, and at most so far. */
const memory = (pid: number): number => field(pid, 'status', 'VmRSS') * 1024;
const memoryPeak = (pid: number): number => field(pid, 'status', 'VmHWM') * 1024;
/** Bytes that the process has read, from sockets too. */
const bytesRead = (pid: number): number => field(pid, 'io', 'rchar');

/** Resolves when the process reads next to nothing any more. */
async function untilItReadsNoMore(pid: number): Promise<void> {
  for (let quiet = 0, before = bytesRead(pid); quiet < 10; ) {
    await delay(50);
    const now = bytesRead(pid);
    quiet = now - before < 64 * 1024 ? quiet + 1 : 0;
    before = now;
  }
}

describe.each(engines())('a client that does not read, $name', extended, (engine) => {
  let authority: TestAuthority;
  let servers: TestServers;
  const sent = createHash('sha256');

  beforeAll(async () => {
    authority = await createAuthority('Slow');
    const { key, cert } = await authority.issue('server.test');
    servers = await startServers({
      engine,
      count: 1,
      extraArguments: [`--ssl-ca=${authority.ca}`, `--ssl-cert=${cert}`, `--ssl-key=${key}`],
    });
    await using direct = await connectTo(servers.servers[0] ?? { port: 0 }, { database: 'app' });
    await direct.query('CREATE TABLE big (id INT PRIMARY KEY, v LONGBLOB)');
    for (let id = 0; id < rowCount; id++) {
      const value = randomBytes(MiB);
      sent.update(value);
      await direct.query('INSERT INTO big VALUES (?, ?)', [id, value]);
    }
  });

  afterAll(async () => {
    await servers?.close();
    await authority?.[Symbol.asyncDispose]();
  });

  test.for([
    ['plain', '', {}],
    ['over TLS', '?tls=required', { ssl: { rejectUnauthorized: false } }],
    ['compressed', '?compression=zlib', { compress: true }],
    [
      'compressed over TLS',
      '?tls=required&compression=zlib',
      { compress: true, ssl: { rejectUnauthorized: false } },
    ],
  ] as const)('%s: 99 MB arrive whole, in bounded memory', async ([, parameters, options]) => {
    // Each balancer has a log of its own, and with it a cluster of its own.
    await using direct = await connectTo(servers.servers[0] ?? { port: 0 }, { user: 'root' });
    await direct.query('DROP DATABASE IF EXISTS lockstep');
    await using lockstep = await prepareBalancerProcess(servers, [], [], parameters);
    await lockstep.start();
    const pid = lockstep.pid ?? 0;
    const client = createConnection({
      host: '127.0.0.1',
      port: lockstep.port,
      user: 'app',
      password: 'app',
      database: 'app',
      ...options,
    });
    await new Promise<void>((resolve, reject) => {
      client.connect((error) => (error ? reject(error) : resolve()));
    });
    const before = { memory: memory(pid), read: bytesRead(pid) };
    const { hash, first, ended } = hashRows(client);
    await first;
    socketOf(client).pause();
    await untilItReadsNoMore(pid);
    expect(bytesRead(pid) - before.read).toBeLessThan(50 * MiB);
    expect(memory(pid) - before.memory).toBeLessThan(64 * MiB);
    socketOf(client).resume();
    expect(await ended).toBe(rowCount);
    expect(hash()).toBe(sent.copy().digest('hex'));
    expect(memoryPeak(pid) - before.memory).toBeLessThan(128 * MiB);
    client.destroy();
  });
});

interface Pausable {
  pause(): void;
  resume(): void;
}

const socketOf = (client: Connection): Pausable =>
  (client as unknown as { stream: Pausable }).stream;

/** Reads the whole table; `first` resolves with the first row, `ended` with their number. */
function hashRows(client: Connection): {
  hash: () => string;
  first: Promise<void>;
  ended: Promise<number>;
} {
  const received = createHash('sha256');
  let rows = 0;
  const query = client.query('SELECT v FROM big ORDER BY id');
  const first = new Promise<void>((resolve, reject) => {
    query.once('result', () => resolve());
    query.once('error', reject);
  });
  const ended = new Promise<number>((resolve, reject) => {
    query.on('result', (row: { v: Buffer }) => {
      rows++;
      received.update(row.v);
    });
    query.once('end', () => resolve(rows));
    query.once('error', reject);
  });
  return { hash: () => received.digest('hex'), first, ended };
}
