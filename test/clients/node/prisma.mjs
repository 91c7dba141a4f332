// Prisma's client over its adapter for MariaDB's driver: values, relations, queries, errors. Its
// query compiler is WebAssembly; the engines in machine code are not on npm and not used.
import assert from 'node:assert/strict';
import { Prisma } from '@prisma/client';
import { check, failureOf, onMariadb, range, runChecks, shown } from './checks.mjs';
import { makeTables, prismaClient } from './prisma-tables.mjs';

const prisma = prismaClient();
const { person, post, tag, postTag, postCount } = prisma;

/** A row without what differs from run to run. */
const plain = (value) => {
  const stamps = ['created', 'updated', 'token', 'id', 'postId', 'authorId', 'ownerId'];
  const text = JSON.stringify(value, (key, part) => {
    if (stamps.includes(key)) return undefined;
    return typeof part === 'bigint' ? `${part}n` : part;
  });
  return JSON.parse(text);
};

shown('create, find, update, delete, of every type', async () => {
  const made = await person.create({
    data: {
      email: 'a@example.org',
      name: "it's \\ „so“ 😀",
      profile: { langs: ['de', 'en'], deep: { n: 1.5, none: null, text: '"\\\'😀' } },
      balance: '12345678901234567890.0123456789',
      visits: 18446744073709551615n,
      ratio: 0.1,
      born: new Date('1999-12-31'),
      clock: new Date('1970-01-01T23:59:59Z'),
      seen: new Date('2024-02-29T23:59:59.123Z'),
      stamped: new Date('2024-03-31T01:30:00.456Z'),
      kind: 'writer',
      active: false,
      picture: Buffer.from([0, 255, 39, 92]),
      small: -128,
    },
  });
  assert.ok(made.id > 0 && /^[0-9a-f-]{36}$/.test(made.token));
  assert.ok(Math.abs(made.created - Date.now()) < 60_000);
  const found = await person.findUniqueOrThrow({ where: { email: 'a@example.org' } });
  const changed = await person.update({
    where: { id: made.id },
    data: {
      balance: { increment: '0.5' },
      visits: { decrement: 1n },
      ratio: { multiply: 3 },
      small: { set: null },
      profile: Prisma.DbNull,
      seen: null,
    },
  });
  assert.ok(changed.updated >= made.updated);
  const other = await person.create({ data: { email: 'gone@example.org' } });
  const deleted = await person.delete({ where: { id: other.id } });
  const left = await person.findUnique({ where: { id: other.id } });
  return { found: plain(found), changed: plain(changed), deleted: plain(deleted), left };
});

shown('bulk: createMany of 1,000, skipDuplicates, upsert, updateMany, deleteMany', async () => {
  const rows = range(1000).map((n) => ({ email: `bulk${n}@example.org`, visits: BigInt(n) }));
  const made = await person.createMany({ data: rows });
  const again = range(20).map((n) => ({ email: `bulk${n + 990}@example.org` }));
  const skipped = await person.createMany({ data: again, skipDuplicates: true });
  const upserted = [];
  for (const email of ['bulk1@example.org', 'fresh@example.org']) {
    const { visits } = await person.upsert({
      where: { email },
      create: { email, visits: 5n },
      update: { visits: { increment: 100n } },
    });
    upserted.push(`${visits}`);
  }
  const updated = await person.updateMany({
    where: { visits: { gt: 900 } },
    data: { active: false, visits: { increment: 1n } },
  });
  const limited = await person.updateMany({
    where: { email: { startsWith: 'bulk7' } },
    data: { ratio: 1 },
    limit: 200,
  });
  const deleted = await person.deleteMany({ where: { email: { startsWith: 'bulk9' } } });
  const ids = await person.findMany({
    where: { email: { startsWith: 'bulk' } },
    select: { id: true, visits: true },
    orderBy: { id: 'asc' },
  });
  const sum = ids.reduce((total, { visits }) => total + visits, 0n);
  return { made, skipped, upserted, updated, limited, deleted, left: ids.length, sum };
});

shown('relations: nested writes, include by joins and by queries, counts, filters', async () => {
  const author = await person.create({
    data: {
      email: 'b@example.org',
      card: { create: { number: '12345678' } },
      posts: {
        create: ['One', 'Two', 'Three'].map((title, weight) => ({
          title,
          text: `about ${title}`,
          tags: {
            create: [
              {
                weight,
                tag: { connectOrCreate: { where: { name: 'common' }, create: { name: 'common' } } },
              },
              { weight: 9, tag: { create: { name: `only ${title}` } } },
            ],
          },
        })),
      },
      follows: { create: [{ email: 'c@example.org' }, { email: 'd@example.org' }] },
    },
  });
  const include = {
    card: true,
    posts: {
      include: { tags: { orderBy: { tagName: 'asc' } } },
      orderBy: { title: 'asc' },
      take: 2,
    },
    follows: { select: { email: true }, orderBy: { email: 'asc' } },
    _count: { select: { posts: true, follows: true, followed: true } },
  };
  const loaded = [];
  // Joins with LATERAL, which MariaDB has not.
  for (const relationLoadStrategy of onMariadb ? ['query', 'query'] : ['join', 'query']) {
    const where = { id: author.id };
    loaded.push(plain(await person.findUnique({ where, include, relationLoadStrategy })));
  }
  assert.deepEqual(loaded[0], loaded[1]);
  const filtered = await post.findMany({
    where: {
      author: { is: { email: { endsWith: 'example.org' } } },
      tags: { some: { weight: { gte: 1 } }, every: { tag: { name: { not: 'none' } } } },
      NOT: { title: 'Three' },
    },
    select: { title: true, author: { select: { email: true } } },
    orderBy: [{ author: { email: 'asc' } }, { title: 'asc' }],
  });
  const changed = await person.update({
    where: { id: author.id },
    data: {
      posts: {
        updateMany: { where: { title: { startsWith: 'T' } }, data: { text: 'same' } },
        delete: { authorId_title: { authorId: author.id, title: 'One' } },
        upsert: {
          where: { authorId_title: { authorId: author.id, title: 'Four' } },
          create: { title: 'Four' },
          update: { text: 'never' },
        },
      },
      follows: { disconnect: { email: 'c@example.org' }, connect: { email: 'a@example.org' } },
    },
    include,
  });
  await tag.update({ where: { name: 'common' }, data: { name: 'renamed' } });
  const renamed = await postTag.count({ where: { tagName: 'renamed' } });
  return { loaded: loaded[0], filtered, changed: plain(changed), renamed };
});

shown('aggregates, groups, distinct, cursors, pages, a view', async () => {
  const where = { email: { startsWith: 'bulk' } };
  const aggregate = await person.aggregate({
    where,
    _count: { _all: true, ratio: true },
    _sum: { visits: true, ratio: true },
    _avg: { balance: true },
    _max: { email: true },
  });
  const groups = await person.groupBy({
    by: ['active', 'kind'],
    where,
    _count: true,
    _sum: { visits: true },
    having: { visits: { _avg: { gt: 1 } } },
    orderBy: { active: 'asc' },
  });
  const distinct = await person.findMany({
    where,
    distinct: ['active'],
    select: { active: true },
    orderBy: [{ active: 'asc' }, { id: 'asc' }],
  });
  const pages = [];
  let cursor;
  do {
    const page = await person.findMany({
      where,
      take: 300,
      orderBy: { id: 'asc' },
      select: { id: true },
      ...(cursor && { cursor, skip: 1 }),
    });
    pages.push(page.length);
    cursor = page.length === 300 ? { id: page.at(-1).id } : undefined;
  } while (cursor);
  const back = await person.findMany({ where, take: -2, orderBy: { visits: 'asc' } });
  const view = await postCount.findMany({ where: { posts: { gt: 0 } }, orderBy: { email: 'asc' } });
  return {
    aggregate: plain(aggregate),
    groups: plain(groups),
    distinct,
    pages,
    back: plain(back),
    view,
  };
});

shown('filters: lists of 2,000, null, case, JSON paths, dates', async () => {
  const emails = range(2000).map((n) => `bulk${n}@example.org`);
  await person.create({
    data: { email: 'json@example.org', profile: { tags: ['x', 'y'], deep: { n: 3, s: 'text' } } },
  });
  const jsons = [
    { path: '$.deep.n', equals: 3 },
    { path: '$.deep.s', string_contains: 'ex' },
    { path: '$.tags', array_contains: 'y' },
    { path: '$.deep.n', gt: 2 },
    { equals: Prisma.AnyNull },
  ];
  const counts = {
    many: await person.count({ where: { email: { in: emails } } }),
    notMany: await person.count({ where: { email: { notIn: emails } } }),
    none: await person.count({ where: { born: null, NOT: { ratio: null } } }),
    contains: await person.count({ where: { email: { contains: 'BULK9' } } }),
    percent: await person.count({ where: { email: { contains: '%' } } }),
    dates: await person.count({ where: { seen: { lt: new Date('2024-03-01') } } }),
    or: await person.count({ where: { OR: [{ visits: 3n }, { visits: { in: [4n, 5n] } }] } }),
    stamp: await person.count({ where: { stamped: new Date('2024-03-31T01:30:00.456Z') } }),
  };
  const found = [];
  for (const profile of jsons) found.push(await person.count({ where: { profile } }));
  return { counts, found };
});

shown('raw queries: tagged, unsafe, lists, write counts, types of results', async () => {
  const word = "it's";
  const emails = ['a@example.org', 'b@example.org'];
  const rows = await prisma.$queryRaw`
    SELECT ${word} AS word, ${1} + 1 AS two, ${9007199254740993n} AS big, ${null} AS none,
      CAST(1.50 AS DECIMAL(5, 2)) AS price, CAST('2024-02-29 12:00:00' AS DATETIME) AS at,
      CAST('{"a": 1}' AS CHAR) AS json, x'00ff' AS bytes, TRUE AS yes`;
  const listed = await prisma.$queryRaw`
    SELECT email FROM pr_person WHERE email IN (${Prisma.join(emails)}) ORDER BY email`;
  const unsafe = await prisma.$queryRawUnsafe(
    'SELECT COUNT(*) AS n FROM pr_tag WHERE name <> ?',
    'x',
  );
  const changed = await prisma.$executeRaw`
    UPDATE pr_post SET text = CONCAT(text, ${'!'}) WHERE text = ${'same'}`;
  const date = new Date('2024-02-29T23:59:59.123Z');
  const zone = await prisma.$queryRaw`SELECT CAST(${date} AS CHAR) AS text, @@time_zone AS zone`;
  return { rows, listed, unsafe, changed, zone };
});

shown('errors by their codes, and what they name', async () => {
  const failures = [
    person.create({ data: { email: 'a@example.org' } }),
    post.create({ data: { title: 'x', authorId: 999_999 } }),
    person.delete({ where: { email: 'b@example.org' } }),
    person.update({ where: { id: -1 }, data: { name: 'x' } }),
    person.findUniqueOrThrow({ where: { id: -1 } }),
    person.create({ data: { email: 'x'.repeat(100) } }),
    person.create({ data: { email: 'range@example.org', small: 1000 } }),
    prisma.$executeRaw`INSERT INTO pr_tag (name) VALUES (NULL)`,
    prisma.$queryRaw`SELEC 1`,
    prisma.$queryRaw`SELECT * FROM pr_nowhere`,
    prisma.$queryRaw`SELECT nothing FROM pr_tag`,
  ];
  const seen = [];
  for (const failure of failures) {
    const { code, meta, constructor } = await failureOf(failure);
    const cause = meta?.driverAdapterError?.cause;
    seen.push([constructor.name, code, { ...meta, driverAdapterError: undefined }, cause]);
  }
  return seen;
});

check('100 queries at once over a pool of ten', async () => {
  const rows = await Promise.all(
    range(100).map((n) =>
      person.findMany({ where: { email: { startsWith: `bulk${(n % 8) + 1}` } }, take: 5 }),
    ),
  );
  assert.ok(rows.every(({ length }) => length === 5));
});

await runChecks({
  before: async () => {
    await makeTables();
    await prisma.$connect();
  },
  after: () => prisma.$disconnect(),
});
