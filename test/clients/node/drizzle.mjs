// Drizzle over mysql2: schema, relations, transactions, prepared queries, its migrator.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { and, count, eq, gt, like, relations, sql, sum } from 'drizzle-orm';
import * as type from 'drizzle-orm/mysql-core';
import { drizzle } from 'drizzle-orm/mysql2';
import { migrate } from 'drizzle-orm/mysql2/migrator';
import mysql from 'mysql2/promise';
import { check, failureOf, range, runChecks, shown, target } from './checks.mjs';

const { host, port, user, password, database } = target;
const pool = mysql.createPool({ host, port, user, password, database, connectionLimit: 10 });

const people = type.mysqlTable('dz_person', {
  id: type.int().autoincrement().primaryKey(),
  email: type.varchar({ length: 80 }).notNull().unique(),
  data: type.json(),
  credit: type.decimal({ precision: 20, scale: 4 }),
  big: type.bigint({ mode: 'bigint' }),
  day: type.date({ mode: 'string' }),
  at: type.datetime({ fsp: 3 }),
  active: type.boolean().default(true),
  kind: type.mysqlEnum(['a', 'b']),
  made: type.timestamp().defaultNow(),
});
const posts = type.mysqlTable('dz_post', {
  id: type.int().autoincrement().primaryKey(),
  person: type.int().references(() => people.id, { onDelete: 'cascade' }),
  title: type.varchar({ length: 50 }).notNull(),
});
const schema = {
  people,
  posts,
  peopleRelations: relations(people, ({ many }) => ({ posts: many(posts) })),
  postsRelations: relations(posts, ({ one }) => ({
    author: one(people, { fields: [posts.person], references: [people.id] }),
  })),
};
const db = drizzle(pool, { schema, mode: 'default' });

/** As drizzle-kit writes them: one file a step, and a journal of all. */
function writeMigrations(folder, steps) {
  mkdirSync(join(folder, 'meta'), { recursive: true });
  const entries = steps.map((text, idx) => {
    const tag = `000${idx}_step`;
    writeFileSync(join(folder, `${tag}.sql`), text);
    return { idx, version: '5', when: 1_700_000_000_000 + idx, tag, breakpoints: true };
  });
  const journal = { version: '7', dialect: 'mysql', entries };
  writeFileSync(join(folder, 'meta/_journal.json'), JSON.stringify(journal));
}

const firstStep =
  'CREATE TABLE `dz_person` (`id` int AUTO_INCREMENT NOT NULL, `email` varchar(80) NOT NULL,' +
  ' `data` json, `credit` decimal(20,4), `big` bigint, `day` date, `at` datetime(3),' +
  " `active` boolean DEFAULT true, `kind` enum('a','b'), `made` timestamp DEFAULT (now())," +
  ' CONSTRAINT `dz_person_id` PRIMARY KEY(`id`), CONSTRAINT `dz_email` UNIQUE(`email`));\n' +
  '--> statement-breakpoint\n' +
  'CREATE TABLE `dz_post` (`id` int AUTO_INCREMENT NOT NULL, `person` int,' +
  ' `title` varchar(50) NOT NULL, CONSTRAINT `dz_post_id` PRIMARY KEY(`id`));';
const secondStep =
  'ALTER TABLE `dz_post` ADD CONSTRAINT `dz_fk` FOREIGN KEY (`person`)' +
  ' REFERENCES `dz_person`(`id`) ON DELETE cascade ON UPDATE no action;\n' +
  '--> statement-breakpoint\nCREATE INDEX `dz_title` ON `dz_post` (`title`);';

async function before() {
  await pool.query('DROP TABLE IF EXISTS dz_post, dz_person, __drizzle_migrations');
  const migrationsFolder = mkdtempSync(join(tmpdir(), 'drizzle-'));
  try {
    writeMigrations(migrationsFolder, [firstStep]);
    await migrate(db, { migrationsFolder });
    writeMigrations(migrationsFolder, [firstStep, secondStep]);
    await migrate(db, { migrationsFolder });
    await migrate(db, { migrationsFolder });
  } finally {
    rmSync(migrationsFolder, { recursive: true });
  }
}

shown('what the migrations left', async () => {
  const [steps] = await pool.query('SELECT COUNT(*) AS n FROM __drizzle_migrations');
  const [indexes] = await pool.query('SHOW INDEX FROM dz_post');
  return { steps, indexes: indexes.map((row) => [row.Key_name, row.Column_name]) };
});

shown('insert, select, update, delete of every type', async () => {
  const [{ insertId }] = await db.insert(people).values({
    email: 'a@example.org',
    data: { list: [1, 'zwei'], none: null },
    credit: '1234567890123456.7891',
    big: 9223372036854775807n,
    day: '2024-02-29',
    at: new Date('2024-02-29T23:59:59.123Z'),
    kind: 'b',
  });
  const [{ made: _, ...row }] = await db.select().from(people).where(eq(people.id, insertId));
  const [update] = await db
    .update(people)
    .set({ credit: sql`credit / 3` })
    .where(eq(people.id, insertId));
  const [again] = await db.select({ credit: people.credit }).from(people);
  const ids = await db
    .insert(people)
    .values([{ email: 'x1' }, { email: 'x2' }])
    .$returningId();
  const [removed] = await db.delete(people).where(like(people.email, 'x%'));
  return { row, update: update.info, again, ids, removed: removed.affectedRows };
});

shown('bulk and upsert', async () => {
  await db.insert(people).values(range(300).map((n) => ({ email: `b${n}`, big: BigInt(n) })));
  const row = { email: 'b7', big: 1000n };
  const [merged] = await db
    .insert(people)
    .values(row)
    .onDuplicateKeyUpdate({ set: { big: 1000n } });
  const [ignored] = await db.insert(people).ignore().values(row);
  const sums = await db
    .select({ n: count(), sum: sum(people.big) })
    .from(people)
    .where(like(people.email, 'b%'));
  return { merged: merged.affectedRows, ignored: ignored.affectedRows, sums };
});

shown('relations and joins', async () => {
  const [{ insertId: person }] = await db.insert(people).values({ email: 'r@example.org' });
  await db.insert(posts).values(['One', 'Two', 'Three'].map((title) => ({ person, title })));
  const nested = await db.query.people.findMany({
    where: eq(people.id, person),
    columns: { email: true },
    with: { posts: { columns: { title: true }, orderBy: posts.title } },
  });
  const first = await db.query.posts.findFirst({
    columns: { title: true },
    with: { author: { columns: { email: true } } },
    orderBy: posts.id,
  });
  const joined = await db
    .select({ email: people.email, n: count(posts.id) })
    .from(people)
    .leftJoin(posts, eq(posts.person, people.id))
    .where(and(like(people.email, '%example.org'), gt(people.id, 0)))
    .groupBy(people.id, people.email)
    .orderBy(people.email);
  await db.delete(people).where(eq(people.id, person));
  return { nested, first, joined, left: await db.$count(posts) };
});

shown('transactions, nested ones, rollback, isolation', async () => {
  const emails = async (on = db) =>
    (await on.select({ email: people.email }).from(people).where(like(people.email, 't%'))).length;
  const seen = [];
  await db.transaction(async (tx) => {
    await tx.insert(people).values({ email: 't1' });
    const failed = await failureOf(
      tx.transaction(async (inner) => {
        await inner.insert(people).values({ email: 't2' });
        seen.push(await emails(inner));
        inner.rollback();
      }),
    );
    seen.push(failed.message, await emails(tx), await emails());
  });
  seen.push(await emails());
  for (const isolationLevel of ['read committed', 'repeatable read', 'serializable']) {
    await db.transaction(
      async (tx) => {
        await tx.insert(people).values({ email: `t ${isolationLevel}` });
        seen.push(await emails(tx));
      },
      { isolationLevel, accessMode: 'read write' },
    );
  }
  const readOnly = await failureOf(
    db.transaction((tx) => tx.insert(people).values({ email: 't9' }), { accessMode: 'read only' }),
  );
  return { seen, readOnly: (readOnly.cause ?? readOnly).errno };
});

check('30 at once add to a counter under a lock', async () => {
  await db.insert(people).values({ email: 'counter', big: 0n });
  const where = eq(people.email, 'counter');
  const add = () =>
    db.transaction(async (tx) => {
      const [{ big }] = await tx.select().from(people).where(where).for('update');
      await tx
        .update(people)
        .set({ big: big + 1n })
        .where(where);
    });
  await Promise.all(range(30).map(add));
  assert.equal((await db.select().from(people).where(where))[0].big, 30n);
});

shown('prepared queries with placeholders, raw SQL, errors', async () => {
  const prepared = db
    .select({ email: people.email })
    .from(people)
    .where(eq(people.email, sql.placeholder('email')))
    .prepare();
  const rows = [];
  for (const email of ['b1', 'b2', 'none']) rows.push(await prepared.execute({ email }));
  const [raw] = await db.execute(sql`SELECT ${1} + 1 AS two, ${'x'} AS x`);
  const errors = [
    await failureOf(db.insert(people).values({ email: 'counter' })),
    await failureOf(db.insert(posts).values({ person: 999_999, title: 'x' })),
    await failureOf(db.execute(sql`SELEC 1`)),
  ].map((error) => [error.cause?.code, error.cause?.errno, error.cause?.sqlState]);
  return { rows, raw, errors };
});

check('an iterator over many rows', async () => {
  let seen = 0;
  for await (const row of db.select().from(people).iterator()) {
    assert.ok(row.email.length > 0);
    seen += 1;
  }
  assert.ok(seen > 300);
});

await runChecks({ before, after: () => pool.end() });
