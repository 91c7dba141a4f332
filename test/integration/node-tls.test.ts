import { readFile, rename, writeFile } from 'node:fs/promises';
import mysql, { type Connection, type RowDataPacket } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import type { NodeConfig } from '../../src/config/config.ts';
import type { NodeTlsSettings } from '../../src/config/node-tls-mode.ts';
import { NodeConnection } from '../../src/nodes/node-connection.ts';
import { NodeTls } from '../../src/nodes/node-tls.ts';
import { queryRows } from '../../src/nodes/query-rows.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import {
  type CertificateFiles,
  createAuthority,
  type TestAuthority,
} from '../support/certificates.ts';
import {
  connectTo,
  engines,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../support/cluster.ts';

/** To a server itself, whether it takes TLS only or not. */
const directTo = async (port: number, pair: CertificateFiles): Promise<Connection> => {
  const [cert, key] = await Promise.all([readFile(pair.cert), readFile(pair.key)]);
  const ssl = { rejectUnauthorized: false, cert, key };
  return mysql.createConnection({ host: '127.0.0.1', port, user: 'root', password: 'root', ssl });
};

/**
 * The servers take TLS only, and the account of the balancer must show a certificate: whatever
 * part of Lockstep connected otherwise would be refused.
 */
describe.each(engines())('TLS with the nodes, $name', (engine) => {
  let ours: TestAuthority;
  let foreign: TestAuthority;
  let servers: TestServers;
  let lockstep: TestBalancer;
  let pair: CertificateFiles;
  let client: NodeTlsSettings;

  beforeAll(async () => {
    ours = await createAuthority('Ours');
    foreign = await createAuthority('Foreign');
    const server = await ours.issue('server.test', ['127.0.0.1']);
    pair = await ours.issue('lockstep.test');
    client = { tlsCertFile: pair.cert, tlsKeyFile: pair.key };
    servers = await startServers({
      engine,
      count: 3,
      extraArguments: [
        `--ssl-ca=${ours.ca}`,
        `--ssl-cert=${server.cert}`,
        `--ssl-key=${server.key}`,
      ],
    });
    for (const one of servers.servers) {
      await using direct = await directTo(one.port, pair);
      await direct.query("ALTER USER root@'127.0.0.1' REQUIRE X509");
      await direct.query('SET GLOBAL require_secure_transport = ON');
    }
    lockstep = await startBalancer(servers, {
      nodes: servers.servers.map(({ name, port }) => ({
        name: name as NodeConfig['name'],
        host: '127.0.0.1',
        port,
        user: 'root',
        password: 'root',
        weight: 1,
        tls: 'verify_identity',
        tlsCaFile: ours.ca,
        ...client,
      })),
    });
  });

  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
    await ours?.[Symbol.asyncDispose]();
    await foreign?.[Symbol.asyncDispose]();
  });

  /** The cipher of a connection that is made so; rejects with what is wrong. */
  const cipherOf = async (tls: NodeTlsSettings, host = '127.0.0.1') => {
    const connection = await NodeConnection.connect({
      host,
      port: servers.servers[0]?.port ?? 0,
      user: 'root',
      password: 'root',
      deprecateEof: true,
      foundRows: false,
      connectTimeoutMs: 5_000,
      clock: systemClock,
      tls: new NodeTls(tls),
    });
    const [row] = await queryRows(connection, "SHOW STATUS LIKE 'Ssl_cipher'");
    connection.end();
    return row?.['Value'];
  };

  test('reads, writes, DDL and a resync', async () => {
    await using session = await connectTo(lockstep, { database: 'app' });
    await session.query('CREATE TABLE t (id INT PRIMARY KEY, v LONGTEXT)');
    await session.execute('INSERT INTO t VALUES (?, ?)', [1, 'x'.repeat(1_000_000)]);
    await session.query('INSERT INTO t SELECT id + 1, v FROM t ORDER BY id');
    const [rows] = await session.query<RowDataPacket[]>('SELECT id, LENGTH(v) AS n FROM t');
    expect(rows).toEqual([
      { id: 1, n: 1_000_000 },
      { id: 2, n: 1_000_000 },
    ]);
    await lockstep.balancer.control.resync('mysql3');
    const third = () => lockstep.balancer.control.node('mysql3');
    await vi.waitUntil(() => third().state !== 'RESYNCING', 20_000);
    expect(third().state, third().reason).not.toBe('QUARANTINED');
    await vi.waitUntil(() => third().inSync, 20_000);
    for (const one of servers.servers) {
      await using direct = await directTo(one.port, pair);
      await direct.query("ALTER USER root@'127.0.0.1' REQUIRE NONE");
      await direct.query('SET GLOBAL require_secure_transport = OFF');
    }
    await expectEqualNodes(servers.servers);
  });

  test('each mode verifies what it says, and an error says what is wrong', async () => {
    const { ca } = ours;
    const required = { ...client, tls: 'required' } as const;
    await expect(cipherOf(required)).resolves.toMatch(/AES|CHACHA/);
    await expect(cipherOf({ tls: 'preferred', ...client })).resolves.toMatch(/AES|CHACHA/);
    await expect(cipherOf({ tls: 'off' })).resolves.toBe('');
    await expect(cipherOf({ ...client, tls: 'verify_ca', tlsCaFile: ca })).resolves.toMatch(/AES/);
    await expect(cipherOf({ ...client, tls: 'verify_ca', tlsCaFile: foreign.ca })).rejects.toThrow(
      /TLS failed: .*`tls_ca_file` must hold the certificate that issued the server's/,
    );
    const named = { ...client, tls: 'verify_identity', tlsCaFile: ca } as const;
    await expect(cipherOf(named)).resolves.toMatch(/AES/);
    await expect(cipherOf(named, 'localhost')).rejects.toThrow(
      /TLS failed: .*localhost.*use a name that the certificate has as `host`/,
    );
    await expect(
      cipherOf({ ...client, tls: 'verify_ca', tlsCaFile: ca }, 'localhost'),
    ).resolves.toBeTruthy();
    await expect(cipherOf({ tls: 'verify_ca', tlsCaFile: `${ca}.gone` })).rejects.toThrow(
      /tls_ca_file cannot be read: .*\.gone/,
    );
  });

  test('files that were exchanged are read after a failure', async () => {
    const { ca } = foreign;
    const tls = new NodeTls({ ...client, tls: 'verify_ca', tlsCaFile: ca });
    const context = await tls.prepare();
    expect(await tls.prepare()).toEqual(context);
    await rename(ca, `${ca}.old`);
    await writeFile(ca, 'no certificate');
    tls.forget();
    await expect(tls.prepare()).rejects.toThrow('cannot be used');
    await rename(`${ca}.old`, ca);
    tls.forget();
    await expect(tls.prepare()).resolves.toBeDefined();
  });

  test('a server that takes TLS only, or offers none, is told apart', async () => {
    const [one] = servers.servers;
    if (!one) throw new Error('there is no server');
    await using direct = await directTo(one.port, pair);
    await direct.query('SET GLOBAL require_secure_transport = ON');
    // MariaDB does not tell why.
    await expect(cipherOf({ tls: 'off' })).rejects.toThrow(
      engine.name === 'mysql'
        ? /insecure transport .*set `tls: required` for the node/
        : 'Access denied',
    );
    await direct.query('SET GLOBAL require_secure_transport = OFF');
  });
});

test.each(engines())('a server without TLS, $name', async (engine) => {
  await using servers = await startServers({
    engine,
    count: 1,
    extraArguments: engine.name === 'mysql' ? ['--tls-version='] : ['--skip-ssl'],
  });
  const [server] = servers.servers;
  const connect = (tls: NodeTlsSettings): Promise<NodeConnection> =>
    NodeConnection.connect({
      host: '127.0.0.1',
      port: server?.port ?? 0,
      user: 'root',
      password: 'root',
      deprecateEof: true,
      foundRows: false,
      connectTimeoutMs: 5_000,
      clock: systemClock,
      tls: new NodeTls(tls),
    });
  (await connect({ tls: 'preferred' })).end();
  await expect(connect({ tls: 'required' })).rejects.toThrow(
    'the server offers no TLS, and tls is required',
  );
});
