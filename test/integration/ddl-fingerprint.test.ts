import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/base/clock.ts';
import { NodeConnection } from '../../src/nodes/node-connection.ts';
import { queryRows } from '../../src/nodes/query-rows.ts';
import { ddlFingerprint } from '../../src/replication/shell/ddl-fingerprint.ts';
import { analyse } from '../../src/sql/analyse.ts';
import { engines, startServers, type TestServers } from '../support/cluster.ts';

/** In order: each builds on those before it. */
const effective = [
  'CREATE TABLE t (id INT PRIMARY KEY, n INT)',
  'ALTER TABLE t ADD COLUMN note TEXT',
  'ALTER TABLE t ADD INDEX by_n (n)',
  'CREATE VIEW v AS SELECT id FROM t',
  'CREATE OR REPLACE VIEW v AS SELECT id, n FROM t',
  'CREATE TABLE parts (id INT PRIMARY KEY) PARTITION BY HASH(id) PARTITIONS 2',
  'TRUNCATE TABLE t',
  'ALTER TABLE parts TRUNCATE PARTITION p0',
  'RENAME TABLE t TO u, parts TO t',
  'CREATE TRIGGER before_u BEFORE INSERT ON u FOR EACH ROW SET NEW.n = 1',
  'DROP TRIGGER before_u',
  'CREATE PROCEDURE p() SELECT 1',
  'DROP PROCEDURE p',
  'CREATE DATABASE other',
  'ALTER DATABASE other CHARACTER SET latin1',
  'DROP DATABASE other',
  "CREATE USER someone@'%' IDENTIFIED BY 'secret'",
  "GRANT SELECT ON app.* TO someone@'%'",
  "GRANT INSERT (id) ON app.u TO someone@'%'",
  "ALTER USER someone@'%' IDENTIFIED BY 'other'",
  "REVOKE SELECT ON app.* FROM someone@'%'",
  "DROP USER someone@'%'",
  'DROP VIEW v',
  'DROP TABLE u, t',
];

describe.each(engines())('the fingerprint of what DDL changes, $name', (engine) => {
  let servers: TestServers;
  let connection: NodeConnection;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 1 });
    connection = await NodeConnection.connect({
      host: '127.0.0.1',
      port: servers.servers[0]?.port ?? 0,
      user: 'root',
      password: 'root',
      schema: 'app',
      deprecateEof: true,
      foundRows: true,
      connectTimeoutMs: 10_000,
      clock: systemClock,
    });
  });

  afterAll(async () => {
    connection?.end();
    await servers?.close();
  });

  const fingerprint = (sql: string): Promise<string> => {
    const mode = { ansiQuotes: false, noBackslashEscapes: false, flavor: engine.name };
    return ddlFingerprint(connection, analyse(sql, mode), 'app');
  };

  test('differs after every statement that did something', async () => {
    const unseen: string[] = [];
    for (const sql of effective) {
      const before = await fingerprint(sql);
      await queryRows(connection, sql);
      if ((await fingerprint(sql)) === before) unseen.push(sql);
    }
    expect(unseen).toEqual([]);
  });

  test('is the same after rows changed and after a refused statement', async () => {
    await queryRows(connection, 'CREATE TABLE kept (id INT AUTO_INCREMENT PRIMARY KEY)');
    const sql = 'ALTER TABLE kept ADD COLUMN n INT';
    const before = await fingerprint(sql);
    await queryRows(connection, 'INSERT INTO kept VALUES (), (), ()');
    await expect(queryRows(connection, 'CREATE TABLE kept (id INT)')).rejects.toThrow('exists');
    expect(await fingerprint(sql)).toBe(before);
  });
});
