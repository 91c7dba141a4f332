import type { Connection, RowDataPacket } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { defaultConfig } from '../../src/config/config.ts';
import type { LocalServer } from '../../src/demo/local-server.ts';
import type { StampedEvent } from '../../src/telemetry/events.ts';
import { describeAlike, extended, extendedIf } from '../support/extended.ts';
import type { Swallowed } from '../support/fault-proxy.ts';
import { TrapLab } from '../support/trap-lab.ts';

const ways = ['to_server', 'to_client'] as const;

/** A path that forgets one connection: it lives on at both ends, and others are well. */
describeAlike('a packet that is lost for good', (engine) => {
  const health = { ...defaultConfig.health, suspectAfterMs: 200 };
  const lab = new TrapLab(engine, { health, syncTimeoutMs: 5000 });
  let one: Connection;
  let seen = 0;

  beforeAll(async () => {
    await lab.open();
    one = await lab.client();
    await one.query('CREATE TABLE t (id INT PRIMARY KEY, v INT NOT NULL)');
    await one.query('INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)');
    await lab.settled();
    seen = lab.control.events.lastId;
  });

  afterEach(async () => {
    for (const server of all()) lab.proxyOf(server).loses = () => undefined;
    await lab.settled();
    seen = lab.control.events.lastId;
  });
  afterAll(() => lab.close());

  const all = (): LocalServer[] => [lab.leader, ...lab.followers];
  /** The first request with this text is lost, or its answer, and whatever follows. */
  const lose = (text: string, what: Swallowed, at = all()): void => {
    let lost = false;
    for (const server of at) {
      lab.proxyOf(server).loses = (request) => {
        if (lost || !request.includes(text)) return undefined;
        lost = true;
        return what;
      };
    }
  };
  const events = (kind: StampedEvent['kind']): StampedEvent[] =>
    lab.control.events.since(seen).filter((event) => event.kind === kind);
  const value = async (id: number): Promise<number> => {
    const [rows] = await one.query<RowDataPacket[]>(`SELECT v FROM t WHERE id = ${id}`);
    return Number(rows[0]?.['v']);
  };

  for (const way of ways) {
    describe(`lost ${way}`, extendedIf(way === 'to_server'), () => {
      test('of a batch to a follower: it recovers', async () => {
        const { follower } = lab;
        const before = await value(1);
        lose('UPDATE t SET v = v + 1', way, [follower]);
        await one.query('UPDATE t SET v = v + 1 WHERE id = 1');
        await vi.waitUntil(() => events('answer_lost').length > 0, 20_000);
        expect(events('answer_lost')).toMatchObject([{ node: follower.name }]);
        await lab.equal();
        expect(await value(1)).toBe(before + 1);
        expect(events('divergence')).toEqual([]);
        // What its connections broke for is no fault of the server's.
        const down = { kind: 'node_state_changed', to: 'DOWN' };
        expect(lab.control.events.since(seen)).not.toContainEqual(expect.objectContaining(down));
      });

      test('of a write on the leader: it runs again, once', async () => {
        const before = await value(2);
        lose('UPDATE t SET v = v + 2', way, [lab.leader]);
        await one.query('UPDATE t SET v = v + 2 WHERE id = 2');
        expect(events('answer_lost')).toHaveLength(1);
        expect(await value(2)).toBe(before + 2);
        await lab.equal();
      });

      test('of a COMMIT on the leader: what is logged holds', extended, async () => {
        const before = await value(3);
        lose('INSERT INTO lockstep.applied', way, [lab.leader]);
        await one.query('UPDATE t SET v = v + 3 WHERE id = 3');
        expect(events('answer_lost')).toHaveLength(1);
        await lab.equal();
        expect(await value(3)).toBe(before + 3);
      });
    });
  }

  test('of a read: another node answers', async () => {
    lose('SELECT v + 4', 'to_client');
    const [rows] = await one.query('SELECT v + 4 - v AS four FROM t WHERE id = 1');
    expect(rows).toEqual([{ four: 4 }]);
    expect(events('answer_lost')).toHaveLength(1);
  });

  test('of none: what takes long, or waits for a row lock, goes on', async () => {
    const [foreign, waiting] = await Promise.all([lab.direct(lab.leader), lab.client()]);
    await waiting.query('SET innodb_lock_wait_timeout = 60');
    await foreign.query('BEGIN');
    await foreign.query('SELECT v FROM t WHERE id = 1 FOR UPDATE');
    const update = waiting.query('UPDATE t SET v = 100 WHERE id = 1');
    const [rows] = await one.query('SELECT SLEEP(3) AS s');
    expect(rows).toEqual([{ s: 0 }]);
    await foreign.query('ROLLBACK');
    await update;
    expect(await value(1)).toBe(100);
    expect(events('answer_lost')).toEqual([]);
    expect(events('node_state_changed')).toEqual([]);
    await lab.equal();
  });
});
