import type { Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines, expectEqualNodes } from '../support/cluster.ts';
import { DeterminismLab } from '../support/determinism/lab.ts';
import { extended } from '../support/extended.ts';
import { doneOn, hotTables, writeAtRandom } from '../support/random-writes.ts';

const clientsMax = 12;

describe.each(engines())('concurrent writes keep their order on every node, $name', (engine) => {
  const lab = new DeterminismLab(engine, ['--innodb-lock-wait-timeout=3']);
  const clients: Connection[] = [];
  let schema = '';

  beforeAll(async () => {
    await lab.open();
    const first = await lab.client();
    schema = lab.schema;
    for (const sql of hotTables) await first.query(sql);
    await first.end();
    for (let who = 0; who < clientsMax; who++) clients.push(await lab.connect(schema));
  });

  afterAll(async () => {
    for (const client of clients) client.destroy();
    await lab.close();
  });

  const client = (index: number): Connection => clients[index] as Connection;
  const allEqual = async (): Promise<void> => {
    await expectEqualNodes(lab.servers.servers);
    expect(await lab.differences(schema)).toEqual([]);
  };

  test('UPDATE t SET i = i + 1 beside DELETE WHERE i = 1', async () => {
    await client(0).query('CREATE TABLE counter (id INT AUTO_INCREMENT PRIMARY KEY, i INT)');
    for (let round = 0; round < 30; round++) {
      await client(0).query('INSERT INTO counter (i) VALUES (0), (0), (1)');
      await Promise.allSettled([
        client(0).query('UPDATE counter SET i = i + 1'),
        client(1).query('DELETE FROM counter WHERE i = 1'),
        client(2).query('UPDATE counter SET i = i + 1 WHERE i < 2'),
        client(3).query('DELETE FROM counter WHERE i = 1 LIMIT 1'),
      ]);
    }
    await allEqual();
  });

  const writeBySeed = async (seed: number): Promise<void> => {
    const rounds = 40;
    await client(0).query('DELETE FROM done');
    const found = await Promise.all(
      clients.map((each, who) => writeAtRandom(each, { who, seed, rounds })),
    );
    await allEqual();
    const done = await doneOn(client(0));
    const acknowledged = found.flat();
    expect(acknowledged.filter((mark) => !done.has(mark))).toEqual([]);
    expect(done.size).toBe(acknowledged.length);
    expect(done.size).toBeGreaterThan(50);
  };
  test('random transactions over few rows, seed 1', () => writeBySeed(1));
  test.each([2, 3])('random transactions over few rows, seed %i', extended, writeBySeed);

  test('a function and a trigger that select, beside writes to what they read', async () => {
    const setup = client(0);
    await setup.query('CREATE TABLE src (id INT PRIMARY KEY, v INT)');
    await setup.query('CREATE TABLE seen (id INT AUTO_INCREMENT PRIMARY KEY, a INT, b INT)');
    await setup.query('INSERT INTO src VALUES (1, 0), (2, 0)');
    await setup.query(
      'CREATE FUNCTION total() RETURNS INT READS SQL DATA RETURN (SELECT SUM(v) FROM src)',
    );
    await setup.query(
      'CREATE TRIGGER bi BEFORE INSERT ON seen FOR EACH ROW ' +
        'BEGIN DECLARE s INT; SELECT SUM(v) INTO s FROM src; SET NEW.b = s; END',
    );
    const work = clients.map(async (each, who) => {
      // Twelve wait for two rows, and a busy machine may stand still for a while.
      await each.query('SET innodb_lock_wait_timeout = 60');
      for (let round = 0; round < 8; round++) {
        if (who % 3 === 0) await each.query('UPDATE src SET v = v + 1 WHERE id = 1');
        else if (who % 3 === 1) await each.query('INSERT INTO seen (a) VALUES (total())');
        else await atSerializable(each);
      }
    });
    await Promise.all(work);
    await allEqual();
  });
});

/** The same inside a transaction, which may have to give way. */
async function atSerializable(client: Connection): Promise<void> {
  try {
    await client.query('SET TRANSACTION ISOLATION LEVEL SERIALIZABLE');
    await client.query('BEGIN');
    await client.query('UPDATE src SET v = v + 1 WHERE id = 2');
    await client.query('INSERT INTO seen (a) VALUES (total())');
    await client.query('COMMIT');
  } catch {
    await client.query('ROLLBACK');
  }
}

describe.each(engines())('generated ids under concurrency, $name', (engine) => {
  const writeBy = async (mode: number): Promise<void> => {
    const lab = new DeterminismLab(engine, [
      `--innodb-autoinc-lock-mode=${mode}`,
      '--innodb-lock-wait-timeout=3',
    ]);
    try {
      await lab.open();
      const setup = await lab.client();
      await setup.query('CREATE TABLE source (v INT PRIMARY KEY)');
      await setup.query('CREATE TABLE ids (id INT AUTO_INCREMENT PRIMARY KEY, who INT, v INT)');
      const values = Array.from({ length: 30 }, (_, index) => `(${index})`);
      await setup.query(`INSERT INTO source VALUES ${values.join(',')}`);
      const work = Array.from({ length: 8 }, async (_, who) => {
        const client = await lab.connect(lab.schema);
        for (let round = 0; round < 6; round++) {
          await client.query(`INSERT INTO ids (who, v) SELECT ${who}, v FROM source`);
          await client.query(`INSERT INTO ids (who, v) VALUES (${who}, 1), (${who}, 2)`);
          await client.query('BEGIN');
          await client.query(`INSERT INTO ids (who, v) SELECT ${who}, v FROM source WHERE v < 5`);
          await client.query(round % 2 === 0 ? 'COMMIT' : 'ROLLBACK');
        }
        await client.end();
      });
      await Promise.all(work);
      await setup.end();
      await expectEqualNodes(lab.servers.servers);
      expect(await lab.differences(lab.schema)).toEqual([]);
    } finally {
      await lab.close();
    }
  };

  test('with innodb_autoinc_lock_mode=1', extended, () => writeBy(1));

  // In this mode others' ids may fall between those of one statement.
  test('with innodb_autoinc_lock_mode=2', () => writeBy(2));
});
