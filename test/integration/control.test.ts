import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { connectTo, engines, startServers, type TestServers } from '../support/cluster.ts';

describe.each(engines())('SQL by way of control, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    lockstep = await startBalancer(servers);
  });

  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
  });

  test('statements run as any client would run them, and say where', async () => {
    const { control } = lockstep.balancer;
    const run = (sql: string, parameters?: readonly (string | number | null)[]) =>
      control.query({ sql, schema: 'app', ...(parameters ? { parameters } : {}) });
    expect(await run('CREATE TABLE c (id INT PRIMARY KEY, note MEDIUMTEXT)')).toMatchObject({
      kind: 'result',
      seq: 1,
    });
    const long = 'x'.repeat(300_000);
    const written = await run('INSERT INTO c VALUES (?, ?), (2, NULL)', [1, long]);
    expect(written).toMatchObject({
      kind: 'result',
      affectedRows: 2,
      seq: 2,
      node: control.status().leader,
    });
    const found = await run('SELECT id, note FROM c ORDER BY id');
    expect(found).toMatchObject({
      kind: 'rows',
      rows: [
        [1, long],
        [2, null],
      ],
    });
    await expect(run('SELECT nothing FROM c')).rejects.toThrow(/nothing/);
  });

  test.each([
    'INSERT INTO lockstep.applied VALUES (999999)',
    'INSERT INTO `LockStep` . applied VALUES (999999)',
    'UPDATE lockstep.node SET position = 7',
    'DELETE a FROM lockstep.applied a',
    'TRUNCATE TABLE lockstep.applied',
    'DROP DATABASE lockstep',
    'CREATE TABLE lockstep.mine (id INT PRIMARY KEY)',
    'RENAME TABLE app.c TO lockstep.c',
    'CREATE TRIGGER lockstep.t BEFORE INSERT ON lockstep.applied FOR EACH ROW SET @x = 1',
  ])('what would change the markers is refused: %s', async (sql) => {
    const { control } = lockstep.balancer;
    const before = control.status().lastSeq;
    await expect(control.query({ sql })).rejects.toMatchObject({ code: 'unsupported' });
    await expect(
      control.query({ sql: 'INSERT INTO applied VALUES (9999)', schema: 'lockstep' }),
    ).rejects.toMatchObject({ code: 'unsupported' });
    expect(control.status().lastSeq).toBe(before);
  });

  test('nor by a procedure', async () => {
    const { control } = lockstep.balancer;
    const run = (sql: string) => control.query({ sql, schema: 'app' });
    const forge = 'CREATE PROCEDURE forge() INSERT INTO lockstep.applied VALUES (999999)';
    await expect(run(forge)).rejects.toMatchObject({ code: 'unsupported' });
    // It may be there from the time before Lockstep.
    for (const server of servers.servers) {
      const direct = await connectTo(server, { database: 'app' });
      await direct.query(forge);
      await direct.end();
    }
    const before = control.status().lastSeq;
    await expect(run('CALL forge()')).rejects.toMatchObject({ code: 'unsupported' });
    expect(control.status().lastSeq).toBe(before);
  });
});
