import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { engines, expectEqualNodes } from '../support/cluster.ts';
import { Compared, fill } from '../support/compared.ts';
import { until, workers } from '../support/load.ts';

describe.each(engines())('rows are repaired, $name', (engine) => {
  let cluster: Compared;

  beforeAll(async () => {
    cluster = await Compared.start(engine, { verify: { afterLeaderFailure: false, rate: 0 } });
  });

  beforeEach(() => cluster.untilAllUp());

  afterAll(() => cluster?.[Symbol.asyncDispose]());

  const repair = (...tables: string[]) =>
    cluster.control.verify({ tables: tables.map((name) => `app.${name}`), repair: true });
  const outcomes = async (...tables: string[]): Promise<string[]> => {
    const { repairs = [] } = await repair(...tables);
    return repairs.map(({ node, table, outcome }) => `${table} on ${node}: ${outcome}`);
  };

  test('rows that others refer to come back without anything cascading', async () => {
    const writer = await cluster.client();
    await writer.query('CREATE TABLE parent (id INT PRIMARY KEY, n INT)');
    await writer.query(
      'CREATE TABLE child (id INT PRIMARY KEY, parent INT NOT NULL, ' +
        'FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE ON UPDATE CASCADE)',
    );
    await writer.query('INSERT INTO parent VALUES (1, 1), (2, 2)');
    await writer.query('INSERT INTO child VALUES (1, 1), (2, 2), (3, 2)');
    const odd = cluster.follower;
    await cluster.behind(odd, 'UPDATE parent SET n = 5 WHERE id = 2');
    await cluster.control.verify({ tables: ['app.parent'] });
    expect(cluster.control.status()).toMatchObject({ differing: [odd] });
    expect(cluster.control.status().summary).toContain(`${odd} holds other data than most`);
    await cluster.control.verify({ tables: ['app.child'] });
    expect(cluster.control.status()).toMatchObject({ differing: [odd] });
    expect(await outcomes('parent')).toEqual([`app.parent on ${odd}: repaired`]);
    expect(cluster.control.status()).not.toHaveProperty('differing');
    await expectEqualNodes(cluster.servers.servers);
  });

  test('values of a unique key that have moved from one range to another', async () => {
    const writer = await cluster.client();
    await writer.query('CREATE TABLE moved (id INT PRIMARY KEY, u INT UNIQUE, pad VARCHAR(20))');
    await fill(writer, 'moved', { rows: 6_000, row: (index) => `${index}, ${index}, 'pad'` });
    const odd = cluster.follower;
    await cluster.behind(
      odd,
      'UPDATE moved SET u = NULL WHERE id IN (10, 5900)',
      'UPDATE moved SET u = 10 WHERE id = 5900',
      'UPDATE moved SET u = 5900 WHERE id = 10',
    );
    expect(await outcomes('moved')).toEqual([
      `app.moved on ${odd}: repaired`,
      `app.moved on ${odd}: repaired`,
    ]);
    await expectEqualNodes(cluster.servers.servers);
  });

  test('the leader hands over and is repaired, under load', async () => {
    const writer = await cluster.client();
    await writer.query('CREATE TABLE led (id INT PRIMARY KEY, n INT, doc JSON, b LONGBLOB)');
    await fill(writer, 'led', { rows: 3_000, row: (id) => `${id}, 0, '{"a": 1.50}', X'00ff'` });
    const clients = [await cluster.client(), await cluster.client()];
    const load = workers(2, async (index) => {
      await clients[index]?.query('UPDATE led SET n = n + 1 WHERE id % 500 = 7');
    });
    const odd = cluster.leader;
    await cluster.behind(odd, "UPDATE led SET b = REPEAT('x', 300000) WHERE id = 2999");
    expect(await outcomes('led')).toEqual([`app.led on ${odd}: repaired`]);
    expect(cluster.leader).not.toBe(odd);
    await load.stop();
    await expectEqualNodes(cluster.servers.servers);
  });

  test('a table with triggers is refused, and the node stays in rotation', async () => {
    const writer = await cluster.client();
    await writer.query('CREATE TABLE seen (id INT PRIMARY KEY AUTO_INCREMENT, what INT)');
    await writer.query('CREATE TABLE watched (id INT PRIMARY KEY, n INT)');
    await writer.query(
      'CREATE TRIGGER watching AFTER UPDATE ON watched FOR EACH ROW DELETE FROM seen WHERE id = 1',
    );
    await writer.query('INSERT INTO watched VALUES (1, 1)');
    const odd = cluster.follower;
    await cluster.behind(odd, 'UPDATE watched SET n = 2');
    const before = cluster.eventsOf('node_state_changed').length;
    const report = await repair('watched');
    expect(report).toMatchObject({
      repaired: false,
      repairs: [{ outcome: 'refused', detail: expect.stringMatching(/triggers.*nodes resync/) }],
    });
    expect(cluster.eventsOf('node_state_changed')).toHaveLength(before);
    await cluster.behind(odd, 'UPDATE watched SET n = 1');
  });
});

describe.each(engines().slice(0, 1))('the schedule, $name', (engine) => {
  test('comparisons begin by themselves, and what they find is told', async () => {
    await using cluster = await Compared.start(engine, {
      verify: { afterLeaderFailure: false, rate: 0, intervalMs: 300 },
    });
    await cluster.untilAllUp();
    const writer = await cluster.client();
    await writer.query('CREATE TABLE app.t (id INT PRIMARY KEY)');
    await until(() => cluster.eventsOf('verify_finished').length >= 2);
    const odd = cluster.follower;
    await cluster.behind(odd, 'INSERT INTO t VALUES (1)');
    await until(() => cluster.eventsOf('verify_difference').length > 0);
    expect(cluster.eventsOf('verify_difference')[0]).toMatchObject({
      table: 'app.t',
      nodes: [odd],
    });
    await until(() => cluster.eventsOf('verify_finished').some((event) => !isEqual(event)));
    const url = `http://127.0.0.1:${cluster.lockstep.balancer.httpPort}`;
    const answer = await fetch(`${url}/verify`);
    expect(await answer.json()).toMatchObject({ last: { report: { equal: false } } });
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('lockstep_verify_equal 0\n');
  });
});

const isEqual = (event: object): boolean => 'equal' in event && event.equal === true;
