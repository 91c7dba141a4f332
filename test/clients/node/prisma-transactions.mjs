// Prisma's transactions: batches, interactive ones, isolation, conflicts, lost connections.
import assert from 'node:assert/strict';
import { check, failureOf, range, runChecks, shown } from './checks.mjs';
import { connect, makeTables, prismaClient } from './prisma-tables.mjs';

const prisma = prismaClient();
const { counter } = prisma;
const patient = { maxWait: 30_000, timeout: 30_000 };

const valueOf = async (name, on = prisma) =>
  (await on.counter.findUnique({ where: { name } }))?.value;
const set = (name, value, on = prisma) =>
  on.counter.upsert({ where: { name }, create: { name, value }, update: { value } });
const add = (name, increment, on = prisma) =>
  on.counter.update({ where: { name }, data: { value: { increment } } });
const lock = (name, on, how = '') =>
  on.$queryRawUnsafe(`SELECT value FROM pr_counter WHERE name = ? FOR UPDATE ${how}`, name);

shown('a batch: all or nothing', async () => {
  const results = await prisma.$transaction([
    counter.create({ data: { name: 'batch', value: 1 } }),
    counter.updateMany({ where: { name: 'batch' }, data: { value: { multiply: 5 } } }),
    counter.count(),
    prisma.$executeRaw`UPDATE pr_counter SET value = value + 1 WHERE name = 'batch'`,
  ]);
  const failed = await failureOf(
    prisma.$transaction([
      counter.update({ where: { name: 'batch' }, data: { value: 100 } }),
      counter.create({ data: { name: 'batch', value: 1 } }),
    ]),
  );
  return { results, code: failed.code, left: await valueOf('batch') };
});

shown('an interactive one: its own writes, commit, rollback, an error that is caught', async () => {
  const seen = await prisma.$transaction(async (tx) => {
    await set('inside', 1, tx);
    const both = [await valueOf('inside', tx), await valueOf('inside')];
    await failureOf(tx.counter.create({ data: { name: 'inside', value: 2 } }));
    await add('inside', 5, tx);
    return both;
  }, patient);
  const thrown = await failureOf(
    prisma.$transaction(async (tx) => {
      await tx.counter.deleteMany();
      throw new Error(`left ${await tx.counter.count()}`);
    }, patient),
  );
  return { seen, thrown: thrown.message, left: await valueOf('inside') };
});

shown('nested writes are one transaction', async () => {
  const failed = await failureOf(
    prisma.person.create({
      data: {
        email: 'nested@example.org',
        posts: { create: [{ title: 'one' }, { title: 'one' }] },
      },
    }),
  );
  return [failed.code, await prisma.person.count({ where: { email: 'nested@example.org' } })];
});

shown('nested ones are savepoints', async () => {
  const seen = [];
  await prisma.$transaction(async (tx) => {
    await set('saved', 1, tx);
    await failureOf(
      tx.$transaction(async (inner) => {
        await set('saved', 2, inner);
        await set('unsaved', 2, inner);
        seen.push(await valueOf('saved', inner));
        throw new Error('back');
      }),
    );
    seen.push(await valueOf('saved', tx));
    await tx.$transaction((inner) => add('saved', 10, inner));
  }, patient);
  return [seen, await valueOf('saved'), await valueOf('unsaved')];
});

shown('every isolation level', async () => {
  const levels = ['ReadUncommitted', 'ReadCommitted', 'RepeatableRead', 'Serializable'];
  const seen = [];
  for (const isolationLevel of levels) {
    await prisma.$transaction(
      async (tx) => {
        await set('level', levels.indexOf(isolationLevel), tx);
        seen.push(await valueOf('level', tx));
      },
      { ...patient, isolationLevel },
    );
  }
  return seen;
});

check('RepeatableRead reads one snapshot while others write', async () => {
  await set('snapshot', 1);
  const isolationLevel = 'RepeatableRead';
  await prisma.$transaction(
    async (tx) => {
      assert.equal(await valueOf('snapshot', tx), 1);
      await set('snapshot', 2);
      assert.equal(await valueOf('snapshot', tx), 1);
    },
    { ...patient, isolationLevel },
  );
  assert.equal(await valueOf('snapshot'), 2);
});

check('30 at once add to a counter under a lock, and 30 by increment', async () => {
  await set('counter', 0);
  const read = () =>
    prisma.$transaction(async (tx) => {
      const [{ value }] = await lock('counter', tx);
      await set('counter', value + 1, tx);
    }, patient);
  await Promise.all(range(30).map(read));
  await Promise.all(range(30).map(() => add('counter', 1)));
  assert.equal(await valueOf('counter'), 60);
});

shown('locks: skip locked, nowait, a wait that ends', async () => {
  await set('held', 0);
  const seen = await prisma.$transaction(async (holder) => {
    await lock('held', holder);
    const skipped = await prisma.$transaction((tx) => lock('held', tx, 'SKIP LOCKED'), patient);
    const nowait = await failureOf(
      prisma.$transaction((tx) => lock('held', tx, 'NOWAIT'), patient),
    );
    const waited = await failureOf(
      prisma.$transaction(async (tx) => {
        await tx.$executeRawUnsafe('SET SESSION innodb_lock_wait_timeout = 1');
        try {
          await add('held', 1, tx);
        } finally {
          await tx.$executeRawUnsafe('SET SESSION innodb_lock_wait_timeout = DEFAULT');
        }
      }, patient),
    );
    return { skipped, errors: [nowait, waited].map(({ code, meta }) => [code, meta]) };
  }, patient);
  return JSON.parse(JSON.stringify(seen));
});

check('of two that wait for each other one hears of a conflict, and runs again', async () => {
  await set('left', 0);
  await set('right', 0);
  let both;
  const bothHold = new Promise((resolve) => (both = resolve));
  let holding = 0;
  const codes = [];
  const cross = async (first, second) => {
    const run = () =>
      prisma.$transaction(async (tx) => {
        await add(first, 1, tx);
        if (++holding === 2) both();
        await bothHold;
        await add(second, 1, tx);
      }, patient);
    try {
      await run();
    } catch (error) {
      codes.push(error.code);
      await run();
    }
  };
  await Promise.all([cross('left', 'right'), cross('right', 'left')]);
  assert.deepEqual(codes, ['P2034']);
  assert.deepEqual([await valueOf('left'), await valueOf('right')], [2, 2]);
});

check('one that takes too long is rolled back', async () => {
  const late = new Promise((resolve) => setTimeout(resolve, 400));
  const error = await failureOf(
    prisma.$transaction(
      async (tx) => {
        await set('late', 1, tx);
        await late;
        await set('late', 2, tx);
      },
      { maxWait: 30_000, timeout: 200 },
    ),
  );
  assert.equal(error.code, 'P2028');
  assert.equal(await valueOf('late'), undefined);
});

check('200 over a pool of ten move without losing anything', async () => {
  const names = range(8).map((n) => `account${n}`);
  for (const name of names) await set(name, 100);
  const move = async (n) => {
    const [from, to] = [names[n % 8], names[(n * 3 + 1) % 8]];
    for (;;) {
      try {
        return await prisma.$transaction([add(from, -1), add(to, 1)], patient);
      } catch (error) {
        if (error.code !== 'P2034') throw error;
      }
    }
  };
  await Promise.all(range(200).map(move));
  const { _sum } = await counter.aggregate({
    where: { name: { startsWith: 'account' } },
    _sum: { value: true },
  });
  assert.equal(_sum.value, 800);
});

check('a client goes on when its connections are killed', async () => {
  const one = prismaClient({ connectionLimit: 2 });
  const killer = await connect();
  try {
    const [{ id }] = await one.$queryRaw`SELECT CONNECTION_ID() AS id`;
    await killer.query(`KILL ${id}`);
    await one.$queryRaw`SELECT 1`.catch(() => {});
    const [{ two }] = await one.$queryRaw`SELECT 2 AS two`;
    assert.equal(Number(two), 2);
  } finally {
    await killer.end();
    await one.$disconnect();
  }
});

check('a transaction whose connection is killed leaves nothing', async () => {
  const killer = await connect();
  const error = await failureOf(
    prisma.$transaction(async (tx) => {
      await set('killed', 1, tx);
      const [{ id }] = await tx.$queryRaw`SELECT CONNECTION_ID() AS id`;
      await killer.query(`KILL ${id}`);
      await set('killed', 2, tx);
    }, patient),
  );
  await killer.end();
  assert.ok(error instanceof Error);
  assert.equal(await valueOf('killed'), undefined);
});

shown('a wrong password and an unknown database have their codes', async () => {
  const seen = [];
  for (const wrong of [{ password: 'wrong' }, { database: 'no_such' }]) {
    const one = prismaClient({ ...wrong, connectionLimit: 1, acquireTimeout: 5000 });
    const error = await failureOf(one.$queryRaw`SELECT 1`);
    seen.push([error.constructor.name, error.code, error.meta?.driverAdapterError?.cause?.kind]);
    await one.$disconnect();
  }
  return seen;
});

check('connect and disconnect, ten times', async () => {
  for (const n of range(10)) {
    const one = prismaClient({ connectionLimit: 1 });
    await one.$connect();
    await set('again', n, one);
    assert.equal(await valueOf('again', one), n);
    await one.$disconnect();
  }
});

await runChecks({ before: makeTables, after: () => prisma.$disconnect() });
