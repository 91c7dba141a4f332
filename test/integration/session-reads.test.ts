import { setTimeout as delay } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { describeAlike } from '../support/extended.ts';
import { type Held, holdAt } from '../support/hold-at.ts';
import { TrapLab } from '../support/trap-lab.ts';

const reads = 8;

describeAlike('a session never goes back behind what it saw', (engine) => {
  const lab = new TrapLab(engine, {
    acks: 'leader',
    syncTimeoutMs: 60_000,
    strategy: 'round_robin',
  });
  let writer: Connection;
  let reader: Connection;
  let foreign: Connection[];
  let held: Held | undefined;

  beforeAll(async () => {
    await lab.open();
    [writer, reader] = await Promise.all([lab.client(), lab.client()]);
    foreign = await Promise.all(lab.followers.map((server) => lab.direct(server)));
    await writer.query('CREATE TABLE t (id INT PRIMARY KEY, v INT NOT NULL)');
    await writer.query('INSERT INTO t VALUES (1, 1), (2, 2)');
    await lab.settled();
  });

  afterEach(async () => {
    held?.release();
    for (const connection of foreign) await connection.query('ROLLBACK');
    await lab.equal();
  });
  afterAll(() => lab.close());

  /** The followers stop at the next entry that changes the row; they serve reads all the same. */
  const blockFollowers = async (): Promise<void> => {
    for (const connection of foreign) {
      await connection.query('BEGIN');
      await connection.query('SELECT v FROM t WHERE id = 1 FOR UPDATE');
    }
  };
  const value = async (client: Connection, id = 1): Promise<number | undefined> => {
    const [rows] = await client.query<RowDataPacket[]>('SELECT v FROM t WHERE id = ?', [id]);
    return rows[0]?.['v'];
  };
  const manyReads = async (client: Connection, id = 1): Promise<Set<number | undefined>> => {
    const found = new Set<number | undefined>();
    for (let left = reads; left > 0; left--) found.add(await value(client, id));
    return found;
  };

  test('in a transaction', async () => {
    await blockFollowers();
    await writer.query('UPDATE t SET v = 10 WHERE id = 1');
    await reader.query('BEGIN');
    expect(await value(reader)).toBe(10);
    await reader.query('COMMIT');
    expect(await manyReads(reader)).toEqual(new Set([10]));
  });

  test('in the error of a write', async () => {
    await blockFollowers();
    await writer.query('UPDATE t SET v = 11 WHERE id = 1');
    await writer.query('INSERT INTO t VALUES (3, 33)');
    await expect(reader.query('INSERT INTO t VALUES (3, 34)')).rejects.toMatchObject({
      errno: 1062,
    });
    expect(await manyReads(reader, 3)).toEqual(new Set([33]));
  });

  test('on a node that is ahead of the leader: BEGIN waits for it', async () => {
    held = holdAt('commit.durable');
    const written = writer.query('UPDATE t SET v = 12 WHERE id = 1');
    await held.reached;
    await vi.waitUntil(async () => (await value(reader)) === 12, 10_000);
    const inTransaction = reader.query('BEGIN').then(() => value(reader));
    expect(await Promise.race([inTransaction, delay(200, 'waits')])).toBe('waits');
    held.release();
    expect(await inTransaction).toBe(12);
    await reader.query('COMMIT');
    await written;
  });

  test('nor does a transaction that ended in a deadlock leave anything for the next', async () => {
    const [one, other] = await Promise.all([lab.client(), lab.client()]);
    await one.query('SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE');
    await one.query('START TRANSACTION READ ONLY');
    await value(one, 1);
    await other.query('BEGIN');
    await other.query('UPDATE t SET v = v + 1 WHERE id = 2');
    const waiting = other.query('UPDATE t SET v = v + 1 WHERE id = 1');
    await expect(value(one, 2)).rejects.toMatchObject({ errno: 1213 });
    await waiting;
    await other.query('COMMIT');
    for (let left = reads; left > 0; left--) {
      await writer.query('BEGIN');
      await writer.query('UPDATE t SET v = v + 1 WHERE id = 2');
      await writer.query('COMMIT');
    }
    expect(await value(writer, 2)).toBe(2 + 1 + reads);
  });
});

describeAlike('the same under strong consistency', (engine) => {
  const lab = new TrapLab(engine, {
    consistency: 'strong',
    syncTimeoutMs: 60_000,
    strategy: 'round_robin',
  });

  beforeAll(() => lab.open());
  afterAll(() => lab.close());

  test('what was read before it was acknowledged stays', async () => {
    const [writer, reader] = await Promise.all([lab.client(), lab.client()]);
    await writer.query('CREATE TABLE t (id INT PRIMARY KEY, v INT NOT NULL)');
    await writer.query('INSERT INTO t VALUES (1, 1)');
    const foreign = await Promise.all(lab.followers.map((server) => lab.direct(server)));
    for (const connection of foreign) {
      await connection.query('BEGIN');
      await connection.query('SELECT v FROM t WHERE id = 1 FOR UPDATE');
    }
    const written = writer.query('UPDATE t SET v = 2 WHERE id = 1');
    const value = async (): Promise<unknown> => {
      const [rows] = await reader.query<RowDataPacket[]>('SELECT v FROM t WHERE id = 1');
      return rows[0]?.['v'];
    };
    await vi.waitUntil(async () => (await value()) === 2, 10_000);
    for (let left = reads; left > 0; left--) expect(await value()).toBe(2);
    for (const connection of foreign) await connection.query('ROLLBACK');
    await written;
    await lab.equal();
  });
});
