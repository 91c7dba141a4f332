import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NodeConfig } from '../../src/config/config.ts';
import { findEngine } from '../../src/demo/engine.ts';
import { Capability } from '../../src/protocol/capabilities.ts';
import { CommandByte } from '../../src/protocol/commands.ts';
import { encodeFrame } from '../../src/protocol/compressed-frame.ts';
import { encodePacket } from '../../src/protocol/packet-writer.ts';
import { hasZstd } from '../../src/nodes/compression-codec.ts';
import { startBalancer, type TestBalancer, untilAllUp } from '../support/balancer.ts';
import { engines, expectEqualNodes, startServers, type TestServers } from '../support/cluster.ts';
import { CommandClient } from '../support/command-client.ts';

const MiB = 1024 * 1024;
const script = `SELECT 'first'; SELECT REPEAT('long ', 100000);
SELECT LENGTH(v) FROM blobs; SELECT 'last'`;

describe.each(engines())('compression with clients and nodes, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;
  let client: Connection;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    lockstep = await startBalancer(servers, {
      strategy: 'round_robin',
      nodes: servers.servers.map(({ name, port }, index) => ({
        name: name as NodeConfig['name'],
        host: '127.0.0.1',
        port,
        user: 'root',
        password: 'root',
        weight: 1,
        compression: index === 0 ? 'zlib' : 'zstd',
      })),
    });
    client = await mysql.createConnection({
      host: '127.0.0.1',
      port: lockstep.port,
      user: 'app',
      password: 'app',
      database: 'app',
      compress: true,
    });
    await client.query('CREATE TABLE blobs (id INT PRIMARY KEY, v LONGBLOB)');
  });

  afterAll(async () => {
    await client?.end();
    await lockstep?.close();
    await servers?.close();
  });

  test('the connection to the node is compressed', async () => {
    // Not asked as text, which Lockstep answers for the client's connection.
    const sql = "SHOW SESSION STATUS LIKE 'Compression'";
    const [rows] = await client.execute<RowDataPacket[]>(sql);
    expect(rows[0]?.['Value']).toBe('ON');
    if (engine.name === 'mariadb') return;
    const algorithms = new Set<unknown>();
    for (let round = 0; round < 4; round += 1) {
      const [found] = await client.query<RowDataPacket[]>(
        "SHOW SESSION STATUS LIKE 'Compression_algorithm'",
      );
      algorithms.add(found[0]?.['Value']);
    }
    expect(algorithms).toEqual(new Set(hasZstd ? ['zlib', 'zstd'] : ['zlib']));
  });

  test('a client that asks how it is connected hears of its own connection', async () => {
    const address = { host: '127.0.0.1', port: lockstep.port, user: 'app', password: 'app' };
    const encrypted = await mysql.createConnection({
      ...address,
      ssl: { rejectUnauthorized: false },
      compress: true,
    });
    const plain = await mysql.createConnection(address);
    const told = async (one: Connection): Promise<unknown[]> => {
      const found: unknown[] = [];
      for (const name of ['Ssl\\_cipher', 'ssl_version', 'Compression']) {
        const [rows] = await one.query<RowDataPacket[]>(`SHOW STATUS LIKE '${name}'`);
        found.push(...rows.map((row) => Object.assign({}, row)));
      }
      return found;
    };
    const answers = (cipher: unknown, version: string, compression: string): unknown[] => [
      { Variable_name: 'Ssl_cipher', Value: cipher },
      { Variable_name: 'Ssl_version', Value: version },
      { Variable_name: 'Compression', Value: compression },
    ];
    expect(await told(plain)).toEqual(answers('', '', 'OFF'));
    const cipher: unknown = expect.stringMatching(/AES|CHACHA/);
    expect(await told(encrypted)).toEqual(answers(cipher, 'TLSv1.3', 'ON'));
    await encrypted.end();
    await plain.end();
  });

  test('reads and writes, small and over 16 MB, that compress well or not at all', async () => {
    const values = [
      Buffer.alloc(0),
      Buffer.from('short'),
      Buffer.alloc(200_000, 'compresses well'),
      randomBytes(300_000),
      Buffer.alloc(17 * MiB, 'a row of more than one part'),
    ];
    for (const [id, value] of values.entries()) {
      await client.execute('INSERT INTO blobs VALUES (?, ?)', [id, value]);
    }
    await client.beginTransaction();
    await client.query('UPDATE blobs SET v = CONCAT(v, v) WHERE id = 1');
    await client.commit();
    for (const [id, value] of values.entries()) {
      const [rows] = await client.execute<RowDataPacket[]>('SELECT v FROM blobs WHERE id = ?', [
        id,
      ]);
      const expected = id === 1 ? Buffer.concat([value, value]) : value;
      expect(expected.equals(rows[0]?.['v'] as Buffer)).toBe(true);
    }
    await expect(client.query('SELECT no_such_column')).rejects.toMatchObject({ errno: 1054 });
    // A busy machine may take longer than `sync_timeout_ms` to write the largest on one of them.
    await untilAllUp(lockstep);
    await expectEqualNodes(servers.servers);
  });

  test('an answer of more packets than there are numbers', async () => {
    const [rows] = await client.query<RowDataPacket[]>(
      'SELECT 1 AS one FROM information_schema.COLUMNS a, information_schema.COLUMNS b LIMIT 2000',
    );
    expect(rows).toHaveLength(2000);
  });

  test('a frame out of order is the last, a packet in it is not looked at', async () => {
    const ping = Buffer.of(CommandByte.PING);
    for (const [frame, packet] of [
      [0, 0],
      [0, 5],
      [3, 0],
      [1, 1],
    ] as const) {
      const told: (string | undefined)[] = [];
      for (const { port } of [servers.servers[0] ?? lockstep, lockstep]) {
        await using one = await CommandClient.connect(port, { capabilities: Capability.COMPRESS });
        const body = encodePacket(ping, packet);
        one.raw.bytes(encodeFrame({ sequenceId: frame, plainBytes: 0, body }));
        // Read as a packet: the rest of the frame's header, and that of the packet in it.
        told.push((await one.raw.packet())?.toString('latin1', 7, 18));
        if (frame > 0) await one.raw.ended;
      }
      expect(told[0]).toBe(frame === 0 ? '\0\0\0\x02' : '\xff\x84\x04#08S01Go');
      expect(told[1]).toBe(told[0]);
    }
  });

  test.for([
    ['mariadb', '--compress'],
    ['mysql', '--compress'],
    ['mysql', '--compression-algorithms=zlib'],
    ['mysql', '--compression-algorithms=zstd,zlib'],
    ['mysql', '--compression-algorithms=zstd'],
    ['mysql', '--compression-algorithms=zstd --zstd-compression-level=19'],
  ] as const)('%s %s', async ([name, option], { skip }) => {
    if (engine.name === 'mariadb' && name === 'mysql') {
      skip('the client of MySQL 9 cannot log in to MariaDB, which offers only native');
    }
    if (!hasZstd && !option.includes('zlib') && option.includes('zstd')) {
      skip('Node.js has zstd from 22.15 on');
    }
    const address = ['--no-defaults', '-h127.0.0.1', `-P${lockstep.port}`, '-uapp', '-papp'];
    const command = findEngine(name)?.tool(name, [...address, ...option.split(' '), 'app']);
    if (!command) skip(`there is no ${name} on this machine`);
    const printed = await new Promise<string>((resolve) => {
      const child = execFile(
        command?.file ?? '',
        [...(command?.argv ?? [])],
        { maxBuffer: 64 * MiB },
        (error, output) => resolve(error ? error.message : output),
      );
      child.stdin?.end(script);
    });
    expect(printed).toContain('first');
    expect(printed).toContain('long '.repeat(100_000));
    expect(printed).toContain(`${17 * MiB}`);
    expect(printed.trimEnd().endsWith('last')).toBe(true);
  });
});
