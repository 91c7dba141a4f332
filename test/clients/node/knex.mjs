// Knex over mysql2: schema builder, queries, transactions, migrations, seeds of rows, streams.
import assert from 'node:assert/strict';
import makeKnex from 'knex';
import { check, failureOf, range, runChecks, shown, target } from './checks.mjs';

const { host, port, user, password, database } = target;
const knex = makeKnex({
  client: 'mysql2',
  connection: { host, port, user, password, database, supportBigNumbers: true },
  pool: { min: 0, max: 10 },
});

const tables = ['kx_line', 'kx_order', 'kx_customer', 'kx_step', 'kx_moves', 'kx_moves_lock'];

async function before() {
  for (const table of tables) await knex.schema.dropTableIfExists(table);
  await knex.raw('DROP VIEW IF EXISTS kx_view');
  await knex.schema.createTable('kx_customer', (table) => {
    table.increments('id');
    table.string('email', 80).notNullable().unique();
    table.json('data');
    table.decimal('credit', 20, 4).defaultTo(0);
    table.bigInteger('big');
    table.date('day');
    table.datetime('at', { precision: 6 });
    table.enu('kind', ['a', 'b']).defaultTo('a');
    table.boolean('active').defaultTo(true);
    table.binary('bytes');
    table.uuid('token');
    table.timestamps(true, true);
  });
  await knex.schema.createTable('kx_order', (table) => {
    table.increments('id');
    table.integer('customer_id').unsigned().references('kx_customer.id').onDelete('CASCADE');
    table.integer('total').notNullable().index();
    table.comment('orders');
  });
  await knex.schema.createTable('kx_line', (table) => {
    table.integer('order_id').unsigned();
    table.integer('nth').unsigned();
    table.string('item');
    table.primary(['order_id', 'nth']);
    table.foreign('order_id').references('kx_order.id').onDelete('CASCADE');
  });
}

shown('schema builder: has, info, alter, index, view', async () => {
  const found = [await knex.schema.hasTable('kx_order'), await knex.schema.hasTable('kx_none')];
  await knex.schema.alterTable('kx_order', (table) => {
    table.string('note', 20).defaultTo('none').after('id');
    table.bigInteger('total').notNullable().alter();
    table.index(['total', 'customer_id'], 'kx_both');
  });
  await knex.schema.createView('kx_view', (view) => {
    view.columns(['id', 'total']);
    view.as(knex('kx_order').select('id', 'total').where('total', '>', 1));
  });
  const info = sorted(await knex('kx_order').columnInfo());
  await knex.schema.alterTable('kx_order', (table) => {
    table.dropIndex([], 'kx_both');
    table.renameColumn('note', 'remark');
  });
  await knex.schema.dropView('kx_view');
  return { found, info, later: sorted(await knex('kx_order').columnInfo()) };
});

const sorted = (info) => Object.entries(info).toSorted(([a], [b]) => (a < b ? -1 : 1));

shown('insert, select, update, delete of every type', async () => {
  const [id] = await knex('kx_customer').insert({
    email: 'a@example.org',
    data: JSON.stringify({ list: [1, 'zwei'], none: null }),
    credit: '1234567890123456.7891',
    big: '9223372036854775807',
    day: '2024-02-29',
    at: '2024-02-29 23:59:59.123456',
    kind: 'b',
    bytes: Buffer.from([0, 39, 255]),
    token: '123e4567-e89b-12d3-a456-426614174000',
  });
  const [{ created_at: _, updated_at: __, ...row }] = await knex('kx_customer').where({ id });
  const updated = await knex('kx_customer')
    .where({ id })
    .update({ credit: knex.raw('credit / 3') });
  const credit = await knex('kx_customer').where({ id }).first('credit');
  await knex('kx_customer').where({ id }).increment('big', -7);
  const big = await knex('kx_customer').where({ id }).pluck('big');
  const deleted = await knex('kx_customer').where({ email: 'nobody' }).del();
  return { id, row, updated, credit, big, deleted };
});

shown('bulk: batchInsert, upsert, ignore, what they answer', async () => {
  const rows = range(250).map((n) => ({ email: `b${n}@example.org`, big: n }));
  const firsts = await knex.batchInsert('kx_customer', rows, 100);
  const insert = { email: 'b1@example.org', big: 5000 };
  const merged = await knex('kx_customer').insert(insert).onConflict('email').merge();
  const ignored = await knex('kx_customer').insert(insert).onConflict('email').ignore();
  const sums = await knex('kx_customer').where('email', 'like', 'b%').count().sum('big').max('big');
  return { steps: firsts.map((id) => id - firsts[0]), merged: merged.length, ignored, sums };
});

shown('joins, groups, subqueries, CTEs, unions, window functions', async () => {
  const [customer] = await knex('kx_customer').insert({ email: 'j@example.org' });
  const ids = [];
  for (const total of [10, 20, 30]) {
    ids.push((await knex('kx_order').insert({ customer_id: customer, total }))[0]);
  }
  await knex('kx_line').insert(ids.flatMap((id) => range(3).map((nth) => lineOf(id, nth))));
  const joined = await knex('kx_order as o')
    .join('kx_line as l', 'l.order_id', 'o.id')
    .where('o.customer_id', customer)
    .groupBy('o.id', 'o.total')
    .having(knex.raw('COUNT(*)'), '>', 2)
    .orderBy('o.total')
    .select('o.total', knex.raw('COUNT(*) AS many'));
  const cte = await knex
    .with('big', knex('kx_order').where('total', '>', 10))
    .from('big')
    .whereIn('id', knex('kx_line').select('order_id'))
    .sum({ sum: 'total' });
  const union = await knex.union([
    knex.select(knex.raw('1 AS n')),
    knex.select(knex.raw('2 AS n')),
  ]);
  const ranked = await knex('kx_order')
    .where('customer_id', customer)
    .select('total')
    .rank('rank', (over) => {
      over.orderBy('total', 'desc');
    });
  const changed = await knex('kx_order as o')
    .join('kx_customer as c', 'c.id', 'o.customer_id')
    .where('c.email', 'j@example.org')
    .update({ 'o.total': knex.raw('o.total + 1') });
  return { joined, cte, union, ranked, changed };
});

const lineOf = (id, nth) => ({ order_id: id, nth, item: `item ${nth}` });

shown('transactions: commit, rollback, nested, savepoints, isolation', async () => {
  const count = async (on = knex) =>
    Number((await on('kx_customer').where('email', 'like', 't%').count({ n: '*' }))[0].n);
  const seen = [];
  await knex.transaction(async (trx) => {
    await trx('kx_customer').insert({ email: 't1' });
    const failed = await failureOf(
      trx.transaction(async (inner) => {
        await inner('kx_customer').insert({ email: 't2' });
        seen.push(await count(inner));
        throw new Error('inner');
      }),
    );
    seen.push(failed.message, await count(trx), await count());
    await trx.transaction((inner) => inner('kx_customer').insert({ email: 't3' }));
  });
  seen.push(await count());
  const trx = await knex.transaction({ isolationLevel: 'serializable' });
  await trx('kx_customer').where('email', 'like', 't%').forUpdate();
  await trx('kx_customer').where('email', 'like', 't%').del();
  await trx.rollback();
  seen.push(await count());
  const provider = knex.transactionProvider({ readOnly: true });
  const readOnly = await provider();
  seen.push((await failureOf(readOnly('kx_customer').insert({ email: 't9' }))).errno);
  await readOnly.rollback();
  return seen;
});

check('30 at once add to a counter under a lock', async () => {
  await knex('kx_customer').insert({ email: 'counter', big: 0 });
  const where = { email: 'counter' };
  const add = () =>
    knex.transaction(async (trx) => {
      const { big } = await trx('kx_customer').where(where).forUpdate().first();
      await trx('kx_customer')
        .where(where)
        .update({ big: Number(big) + 1 });
    });
  await Promise.all(range(30).map(add));
  assert.equal(Number((await knex('kx_customer').where(where).first()).big), 30);
});

shown('errors', async () => {
  const errors = [
    await failureOf(knex('kx_customer').insert({ email: 'counter' })),
    await failureOf(knex('kx_order').insert({ customer_id: 99999, total: 1 })),
    await failureOf(knex('kx_order').insert({ customer_id: null })),
    await failureOf(knex('kx_none').select()),
    await failureOf(knex.raw('SELEC 1')),
    await failureOf(knex('kx_customer').insert({ email: 'x'.repeat(100) })),
  ];
  return errors.map(({ code, errno, sqlState, sqlMessage }) => [code, errno, sqlState, sqlMessage]);
});

check('streams', async () => {
  let count = 0;
  for await (const row of knex('kx_customer').select('email').stream()) {
    assert.ok(row.email.length > 0);
    count += 1;
  }
  assert.ok(count > 250);
});

shown('migrations: up, down, one that fails, and their lock', async () => {
  const steps = {
    1: {
      up: (db) => db.schema.createTable('kx_step', (table) => table.increments()),
      down: (db) => db.schema.dropTable('kx_step'),
    },
    2: {
      up: async (db) => {
        await db('kx_step').insert([{ id: 1 }, { id: 2 }]);
        await db.schema.alterTable('kx_step', (table) => table.string('name').defaultTo('x'));
      },
      down: (db) => db.schema.alterTable('kx_step', (table) => table.dropColumn('name')),
    },
    3: { up: (db) => db.raw('SELEC 1'), down: async () => {} },
  };
  const source = (names) => ({
    getMigrations: async () => names,
    getMigrationName: (name) => name,
    getMigration: async (name) => steps[name],
  });
  const options = (names) => ({ migrationSource: source(names), tableName: 'kx_moves' });
  const [, done] = await knex.migrate.latest(options(['1', '2']));
  const rows = await knex('kx_step').select();
  const failed = await failureOf(knex.migrate.latest(options(['1', '2', '3'])));
  const again = await knex.migrate.latest(options(['1', '2']));
  const [, undone] = await knex.migrate.rollback(options(['1', '2']), true);
  const left = await knex.schema.hasTable('kx_step');
  return { done, rows, failed: failed.errno, again, undone, left };
});

await runChecks({ before, after: () => knex.destroy() });
