import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Examination } from '../../src/http/doctor-schemas.ts';
import { createAuthority, type TestAuthority } from '../support/certificates.ts';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';
import { runLockstep } from '../support/command-line.ts';

describe.each(engines())('lockstep doctor, $name', (engine) => {
  let authority: TestAuthority;
  let servers: TestServers;
  let folder: string;
  let root: Connection;

  beforeAll(async () => {
    authority = await createAuthority('Doctor');
    const notAfterDate = new Date(Date.now() + 10 * 24 * 60 * 60 * 1000);
    const { key, cert } = await authority.issue('server.test', [], { notAfterDate });
    const extraArguments = [`--ssl-ca=${authority.ca}`, `--ssl-cert=${cert}`, `--ssl-key=${key}`];
    servers = await startServers({ engine, count: 1, extraArguments });
    folder = await mkdtemp(join(tmpdir(), 'lockstep-doctor-'));
    root = await connectTo(servers.servers[0]!, { user: 'root', password: 'root' });
  });

  afterAll(async () => {
    await root?.end();
    await servers?.close();
    await authority?.[Symbol.asyncDispose]();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  const fileOf = async (account: string, parameters = ''): Promise<string> => {
    const file = join(folder, 'lockstep.yaml');
    const port = servers.servers[0]?.port;
    const lines = [
      `nodes: ["mysql1=mysql://${account}@127.0.0.1:${port}/app${parameters}"]`,
      `log: { folder: ${join(folder, 'log')} }`,
      'limits: { packet_bytes: 4MB, connections_per_node: 10 }',
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    return file;
  };

  async function findings(account: string, parameters = '') {
    const file = await fileOf(account, parameters);
    const { said, exitCode } = await runLockstep(['doctor', '--config', file, '--json']);
    const all = (JSON.parse(said) as Examination).findings;
    // What is to be said of the disk is another thing on each machine.
    const found = all.filter(({ check }) => !check.startsWith('log_'));
    return { found, code: exitCode };
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

  test("a server's certificate: it runs out soon, has another name, another issuer", async () => {
    const ca = `tls_ca_file=${authority.ca}`;
    const { found, code } = await findings('root:root', `?tls=verify_ca&${ca}`);
    expect(code).toBe(0);
    const soon = found.find(({ check }) => check === 'certificate');
    expect(soon).toMatchObject({ level: 'warning', about: 'mysql1' });
    expect(soon?.message).toMatch(/its certificate runs out on /);
    const [reload = ''] = soon?.sql ?? [];
    await root.query(reload);

    const named = await findings('root:root', `?tls=verify_identity&${ca}`);
    expect(named.code).toBe(1);
    expect(named.found[0]).toMatchObject({ level: 'error', check: 'certificate', about: 'mysql1' });
    expect(named.found[0]?.message).toMatch(/`tls: verify_ca`/);
    await using other = await createAuthority('Other');
    const issued = await findings('root:root', `?tls=verify_ca&tls_ca_file=${other.ca}`);
    expect(issued.found[0]).toMatchObject({ level: 'error', check: 'certificate' });
    expect(issued.found[0]?.message).toMatch(/`tls_ca_file` must hold/);
  });

  test('a server that does not answer is an error, and nothing else is missed', async () => {
    const { found, code } = await findings('nobody:pw');
    expect(code).toBe(1);
    expect(found[0]).toMatchObject({ level: 'error', check: 'connection' });
    expect(found[0]?.message).toMatch(/as nobody: .*denied/i);
  });
});
