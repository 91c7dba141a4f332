import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { type Connection, createConnection } from 'mysql2';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
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
  let sentFirst50 = '';

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
      if (id === 50) sentFirst50 = sent.copy().digest('hex');
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

  test.for([
    ['the cluster', '/query'],
    ['one node', '/nodes/mysql1/query'],
  ])('as JSON lines of %s: 104 MB arrive whole, in bounded memory', async ([, path]) => {
    await using direct = await connectTo(servers.servers[0] ?? { port: 0 }, { user: 'root' });
    await direct.query('DROP DATABASE IF EXISTS lockstep');
    await using lockstep = await prepareBalancerProcess(servers);
    await lockstep.start();
    await vi.waitFor(() => fetch(`http://127.0.0.1:${lockstep.httpPort}/healthz`), 5000);
    const pid = lockstep.pid ?? 0;
    const before = { memory: memory(pid), read: bytesRead(pid) };
    const sql = 'SELECT id, v FROM big WHERE id < 50 ORDER BY id';
    const answer = await askInLines(lockstep.httpPort, path ?? '', sql);
    await untilItReadsNoMore(pid);
    expect(bytesRead(pid) - before.read).toBeLessThan(25 * MiB);
    expect(memory(pid) - before.memory).toBeLessThan(64 * MiB);
    expect(await hashLines(answer)).toEqual({ rows: 50, hash: sentFirst50 });
    expect(memoryPeak(pid) - before.memory).toBeLessThan(128 * MiB);

    const left = await askInLines(lockstep.httpPort, path ?? '', sql);
    const busy = "SELECT 1 FROM information_schema.processlist WHERE info LIKE '%FROM big%id'";
    expect((await direct.query(busy))[0]).toHaveLength(1);
    left.destroy();
    await vi.waitFor(async () => {
      expect((await direct.query(busy))[0]).toHaveLength(0);
    }, 5000);
  });
});

/** The answer, of which nothing is read yet. */
const askInLines = (port: number, path: string, sql: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', accept: 'application/x-ndjson' };
    const asked = request({ port, path, method: 'POST', headers }, resolve);
    asked.on('error', reject);
    asked.end(JSON.stringify({ sql, schema: 'app' }));
  });

/** Of all values, and how many rows there were. */
async function hashLines(answer: IncomingMessage): Promise<{ rows: number; hash: string }> {
  const received = createHash('sha256');
  let rows = 0;
  let last = '';
  for await (const text of createInterface({ input: answer, crlfDelay: Infinity })) {
    const line = JSON.parse(text) as { kind: string; rows?: readonly [number, string][] };
    last = line.kind;
    for (const [, value] of line.rows ?? []) {
      rows += 1;
      received.update(Buffer.from(value.slice('0x'.length), 'hex'));
    }
  }
  expect(last).toBe('end');
  return { rows, hash: received.digest('hex') };
}

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
