import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Examination, Finding } from '../../src/http/doctor-schemas.ts';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';
import { runLockstep } from '../support/command-line.ts';

describe.each(engines())('lockstep doctor, $name', (engine) => {
  let servers: TestServers;
  let folder: string;
  let root: Connection;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 1 });
    folder = await mkdtemp(join(tmpdir(), 'lockstep-doctor-'));
    root = await connectTo(servers.servers[0]!, { user: 'root', password: 'root' });
  });

  afterAll(async () => {
    await root?.end();
    await servers?.close();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const fileOf = async (account: string): Promise<string> => {
    const file = join(folder, 'lockstep.yaml');
    const port = servers.servers[0]?.port;
    const lines = [
      `nodes: ["mysql1=mysql://${account}@127.0.0.1:${port}/app"]`,
      `log: { folder: ${join(folder, 'log')} }`,
      'limits: { packet_bytes: 4MB, connections_per_node: 10 }',
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    return file;
  };

  async function findings(account: string): Promise<{ found: readonly Finding[]; code: number }> {
    const file = await fileOf(account);
    const { said, exitCode } = await runLockstep(['doctor', '--config', file, '--json']);
    return { found: (JSON.parse(said) as Examination).findings, code: exitCode };
  }

  test('a server as it should be has no warning, before the first start', async () => {
    const { found, code } = await findings('root:root');
    expect(found.filter(({ level }) => level === 'warning' || level === 'error')).toEqual([]);
    expect(found).toContainEqual(expect.objectContaining({ level: 'ok', about: 'mysql1' }));
    expect(code).toBe(0);
  });

  test('what is wrong comes with the statement that mends it', async () => {
    await root.query('SET GLOBAL event_scheduler = ON');
    await root.query('SET GLOBAL max_connections = 20');
    await root.query('CREATE TABLE app.old (n INT) ENGINE=MyISAM');
    const { found, code } = await findings('root:root');
    expect(code).toBe(0);
    const warnings = found.filter(({ level }) => level === 'warning');
    expect(warnings.map(({ check }) => check).toSorted()).toEqual([
      ...['engines', 'event_scheduler', 'max_connections'],
    ]);
    const { said } = await runLockstep(['doctor', '--sql', '--config', await fileOf('root:root')]);
    const statements = said.split('\n').filter((line) => !line.startsWith('--'));
    for (const statement of statements) await root.query(statement);
    const after = await findings('root:root');
    expect(after.found.filter(({ level }) => level === 'warning')).toEqual([]);
  });

  test('an account without the rights is an error, with the GRANT for it', async () => {
    await root.query("CREATE USER 'weak'@'%' IDENTIFIED BY 'pw'");
    await root.query("GRANT SELECT, PROCESS ON *.* TO 'weak'@'%'");
    const { found, code } = await findings('weak:pw');
    expect(code).toBe(1);
    expect(found[0]).toMatchObject({ level: 'error', check: 'rights', about: 'mysql1' });
    const [grant = ''] = found[0]?.sql ?? [];
    expect(grant).toBe("GRANT ALL PRIVILEGES ON *.* TO 'weak'@'%' WITH GRANT OPTION");
    await root.query(grant);
    expect((await findings('weak:pw')).code).toBe(0);
  });

  test('a server that does not answer is an error, and nothing else is missed', async () => {
    const { found, code } = await findings('nobody:pw');
    expect(code).toBe(1);
    expect(found[0]).toMatchObject({ level: 'error', check: 'connection' });
    expect(found[0]?.message).toMatch(/as nobody: .*denied/i);
  });
});
