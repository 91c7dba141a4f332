// TypeORM's transactions: nested, isolation, locks, deadlocks, pools, killed connections.
import assert from 'node:assert/strict';
import { check, failureOf, range, runChecks, shown } from './checks.mjs';
import * as entity from './typeorm-entities.mjs';

const source = entity.dataSource();
const counters = (on = source) => on.getRepository(entity.Counter);
const valueOf = async (name, on = source) => (await counters(on).findOneBy({ name }))?.value;

async function before() {
  await source.initialize();
  await source.synchronize(true);
}

shown('managed: commit, rollback by an error, writes of several tables', async () => {
  const made = await source.transaction(async (manager) => {
    const person = await manager.save(entity.Person, { email: 'tx@example.org' });
    await manager.insert(entity.Post, { title: 'in it', author: person });
    await manager.insert(entity.Counter, { name: 'kept', value: 1 });
    return [await valueOf('kept', manager), await valueOf('kept')];
  });
  const failed = await failureOf(
    source.transaction(async (manager) => {
      await manager.update(entity.Counter, { name: 'kept' }, { value: 99 });
      await manager.delete(entity.Post, { title: 'in it' });
      throw new Error('on purpose');
    }),
  );
  const duplicate = await failureOf(
    source.transaction(async (manager) => {
      await manager.update(entity.Counter, { name: 'kept' }, { value: 98 });
      await manager.insert(entity.Counter, { name: 'kept', value: 1 });
    }),
  );
  const left = await source.getRepository(entity.Post).countBy({ title: 'in it' });
  return { made, failed: failed.message, errno: duplicate.driverError.errno, left };
});

shown('an error in it that is caught leaves the rest', async () => {
  await source.transaction(async (manager) => {
    await manager.insert(entity.Counter, { name: 'first', value: 1 });
    await failureOf(manager.insert(entity.Counter, { name: 'first', value: 2 }));
    await failureOf(manager.query('SELEC 1'));
    await manager.insert(entity.Counter, { name: 'second', value: 2 });
  });
  return [await valueOf('first'), await valueOf('second')];
});

shown('nested ones are savepoints', async () => {
  const seen = [];
  await source.transaction(async (outer) => {
    await outer.insert(entity.Counter, { name: 'outer', value: 1 });
    await outer.transaction(async (inner) => {
      await inner.insert(entity.Counter, { name: 'inner', value: 2 });
      await failureOf(
        inner.transaction(async (third) => {
          await third.increment(entity.Counter, { name: 'outer' }, 'value', 10);
          await third.delete(entity.Counter, { name: 'inner' });
          seen.push(await valueOf('outer', third), await valueOf('inner', third));
          throw new Error('back');
        }),
      );
      seen.push(await valueOf('outer', inner), await valueOf('inner', inner));
    });
  });
  seen.push(await valueOf('outer'), await valueOf('inner'));
  return seen;
});

shown('unmanaged, by a query runner', () =>
  entity.withRunner(source, async (runner) => {
    const seen = [];
    await runner.startTransaction();
    await runner.manager.insert(entity.Counter, { name: 'runner', value: 1 });
    await runner.startTransaction();
    await runner.manager.update(entity.Counter, { name: 'runner' }, { value: 2 });
    await runner.rollbackTransaction();
    seen.push(runner.isTransactionActive, await valueOf('runner', runner.manager));
    await runner.commitTransaction();
    await runner.startTransaction();
    await runner.manager.delete(entity.Counter, { name: 'runner' });
    await runner.rollbackTransaction();
    seen.push(runner.isTransactionActive, await valueOf('runner'));
    return seen;
  }),
);

shown('every isolation level writes and reads its own', async () => {
  const levels = ['READ UNCOMMITTED', 'READ COMMITTED', 'REPEATABLE READ', 'SERIALIZABLE'];
  const seen = [];
  for (const level of levels) {
    await source.transaction(level, async (manager) => {
      await manager.upsert(entity.Counter, { name: 'level', value: levels.indexOf(level) }, [
        'name',
      ]);
      seen.push(await valueOf('level', manager));
    });
  }
  return seen;
});

check('REPEATABLE READ reads one snapshot while others write', async () => {
  await counters().save({ name: 'snapshot', value: 1 });
  await source.transaction('REPEATABLE READ', async (manager) => {
    assert.equal(await valueOf('snapshot', manager), 1);
    await counters().update({ name: 'snapshot' }, { value: 2 });
    assert.equal(await valueOf('snapshot', manager), 1);
  });
  assert.equal(await valueOf('snapshot'), 2);
});

check('30 at once add to a counter under a lock, and 30 by increment', async () => {
  await counters().save({ name: 'counter', value: 0 });
  const add = () =>
    source.transaction(async (manager) => {
      const found = await manager.findOne(entity.Counter, {
        where: { name: 'counter' },
        lock: { mode: 'pessimistic_write' },
      });
      await manager.save(entity.Counter, { ...found, value: found.value + 1 });
    });
  await Promise.all(range(30).map(add));
  await Promise.all(range(30).map(() => counters().increment({ name: 'counter' }, 'value', 1)));
  assert.equal(await valueOf('counter'), 60);
});

/** While another transaction holds the row; `run` gets a manager in a transaction of its own. */
async function whileLocked(name, run) {
  await counters().save({ name, value: 0 });
  return source.transaction(async (holder) => {
    await holder.findOne(entity.Counter, { where: { name }, lock: { mode: 'pessimistic_write' } });
    return source.transaction(run);
  });
}

shown('locks: skip locked, nowait, a wait that ends', async () => {
  const find = (onLocked) => (manager) =>
    manager.find(entity.Counter, {
      where: { name: 'held' },
      lock: { mode: 'pessimistic_write', ...(onLocked && { onLocked }) },
    });
  const skipped = await whileLocked('held', find('skip_locked'));
  const nowait = await failureOf(whileLocked('held', find('nowait')));
  const waited = await failureOf(
    whileLocked('held', async (manager) => {
      await manager.query('SET SESSION innodb_lock_wait_timeout = 1');
      try {
        await find()(manager);
      } finally {
        await manager.query('SET SESSION innodb_lock_wait_timeout = DEFAULT');
      }
    }),
  );
  const errorOf = ({ driverError: { errno, code, sqlState } }) => [errno, code, sqlState];
  return { skipped, nowait: errorOf(nowait), waited: errorOf(waited) };
});

check('of two that wait for each other one hears of a deadlock, and runs again', async () => {
  await counters().save([
    { name: 'left', value: 0 },
    { name: 'right', value: 0 },
  ]);
  let both;
  const bothHold = new Promise((resolve) => (both = resolve));
  let holding = 0;
  const errors = [];
  const cross = async (first, second) => {
    const run = () =>
      source.transaction(async (manager) => {
        await manager.increment(entity.Counter, { name: first }, 'value', 1);
        if (++holding === 2) both();
        await bothHold;
        await manager.increment(entity.Counter, { name: second }, 'value', 1);
      });
    try {
      await run();
    } catch (error) {
      errors.push(error.driverError);
      await run();
    }
  };
  await Promise.all([cross('left', 'right'), cross('right', 'left')]);
  assert.deepEqual(
    errors.map(({ code, errno, sqlState }) => [code, errno, sqlState]),
    [['ER_LOCK_DEADLOCK', 1213, '40001']],
  );
  assert.deepEqual([await valueOf('left'), await valueOf('right')], [2, 2]);
});

check('200 transactions over a pool of ten move without losing anything', async () => {
  const names = range(8).map((n) => `account${n}`);
  await counters().save(names.map((name) => ({ name, value: 100 })));
  const move = async (n) => {
    const pair = [names[n % 8], names[(n * 3 + 1) % 8]];
    if (pair[0] === pair[1]) return;
    const [from, to] = pair;
    for (;;) {
      try {
        await source.transaction(async (manager) => {
          await manager.decrement(entity.Counter, { name: from }, 'value', 1);
          await manager.increment(entity.Counter, { name: to }, 'value', 1);
        });
        return;
      } catch (error) {
        if (error.driverError?.errno !== 1213) throw error;
      }
    }
  };
  await Promise.all(range(200).map(move));
  const rows = await source.query("SELECT SUM(value) AS n FROM to_counter WHERE name LIKE 'acc%'");
  assert.equal(Number(rows[0].n), 800);
});

check('the pool goes on when its connections are killed', async () => {
  const one = await entity.dataSource({ poolSize: 2 }).initialize();
  try {
    const [{ id }] = await one.query('SELECT CONNECTION_ID() AS id');
    await source.query(`KILL ${id}`);
    await one.query('SELECT 1').catch(() => {});
    assert.equal(Number((await one.query('SELECT 2 AS two'))[0].two), 2);
  } finally {
    await one.destroy();
  }
});

check('a transaction whose connection is killed leaves nothing', () =>
  entity.withRunner(source, async (runner) => {
    await runner.startTransaction();
    await runner.manager.insert(entity.Counter, { name: 'killed', value: 1 });
    const [{ id }] = await runner.query('SELECT CONNECTION_ID() AS id');
    await source.query(`KILL ${id}`);
    const error = await failureOf(runner.query('SELECT 1'));
    assert.ok(error instanceof Error);
    await failureOf(runner.rollbackTransaction());
    assert.equal(await valueOf('killed'), undefined);
  }),
);

check('reads of a replication of two go to either, writes to the first', async () => {
  const { host, port, username, password, database } = source.options;
  const address = { host, port, username, password, database };
  const one = await entity
    .dataSource({ replication: { master: address, slaves: [address, address] } })
    .initialize();
  try {
    await counters(one).save({ name: 'replicated', value: 1 });
    for (const n of range(20)) {
      await counters(one).update({ name: 'replicated' }, { value: n });
      assert.equal(await valueOf('replicated', one), n);
      await counters(one).update({ name: 'replicated' }, { value: -1 });
    }
  } finally {
    await one.destroy();
  }
});

shown('a time zone of the session, and clocks that agree', () =>
  entity.withRunner(source, async (runner) => {
    const seen = [];
    for (const zone of ['+00:00', '-05:30', 'SYSTEM']) {
      await runner.query('SET time_zone = ?', [zone]);
      const [row] = await runner.query(
        'SELECT @@time_zone AS zone, CAST(FROM_UNIXTIME(1700000000) AS CHAR) AS text,' +
          ' TIMESTAMPDIFF(SECOND, NOW(6), SYSDATE(6)) AS drift',
      );
      seen.push(row);
    }
    return seen;
  }),
);

await runChecks({ before, after: () => source.destroy() });
