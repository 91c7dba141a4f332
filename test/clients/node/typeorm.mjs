// TypeORM over mysql2: entities of every type, relations, trees, views, query builder, streams.
import assert from 'node:assert/strict';
import { In, IsNull, LessThan, Like, MoreThan, Not, Raw } from 'typeorm';
import { check, failureOf, range, runChecks, shown } from './checks.mjs';
import * as entity from './typeorm-entities.mjs';

const { dataSource, plain } = entity;
const source = dataSource({ cache: true });
const people = () => source.getRepository(entity.Person);
const posts = () => source.getRepository(entity.Post);
const tags = () => source.getRepository(entity.Tag);

async function before() {
  await source.initialize();
  await source.synchronize(true);
}

shown('save, find, update, remove, of every type', async () => {
  const saved = await people().save({
    email: 'a@example.org',
    profile: { langs: ['de', 'en'], deep: { n: 1.5, none: null, text: "it's \\ „so“ 😀" } },
    simple: { n: [1, 2] },
    list: ['x', 'y'],
    balance: '12345678901234567890.0123456789',
    visits: '18446744073709551615',
    born: '1999-12-31',
    seen: new Date('2024-02-29T23:59:59.123Z'),
    stamped: new Date('2024-03-31T01:30:00.456Z'),
    clock: '23:59:59',
    kind: 'writer',
    flags: ['a', 'c'],
    active: false,
    picture: Buffer.from([0, 255, 39, 92]),
    ratio: 0.1,
    home: { street: 'Hauptstraße 1' },
  });
  const found = await people().findOneByOrFail({ id: saved.id });
  const hidden = await people().findOne({ where: { id: saved.id }, select: { picture: true } });
  assert.ok(saved.created instanceof Date && /^[0-9a-f-]{36}$/.test(saved.token));
  found.balance = '0.01';
  found.profile = { changed: true };
  await people().save(found);
  const changed = await people().findOneByOrFail({ id: saved.id });
  const other = await people().save({ email: 'gone@example.org' });
  await people().remove(other);
  const left = await people().count();
  return { found: plain(found), hidden: hidden.picture, changed: plain(changed), left };
});

shown('bulk: insert of 1,000, upsert, or ignore, update, delete, and what they count', async () => {
  const rows = range(1000).map((n) => ({ email: `bulk${n}@example.org`, visits: String(n) }));
  const inserted = await people().insert(rows);
  const ids = inserted.identifiers.map(({ id }) => id);
  const again = range(20).map((n) => ({ email: `bulk${n + 990}@example.org`, visits: '7' }));
  const merged = await people().upsert(again, ['email']);
  const builder = () => people().createQueryBuilder();
  const ignored = await builder().insert().values(again).orIgnore().execute();
  const overwritten = await builder()
    .insert()
    .values({ email: 'bulk1@example.org', visits: '77' })
    .orUpdate(['visits'], ['email'])
    .execute();
  const updated = await people().update({ visits: MoreThan(900) }, { active: false });
  const added = await people().increment({ email: Like('bulk1%') }, 'visits', 5);
  const where = { email: Like('bulk%') };
  const sums = {
    count: await people().countBy(where),
    sum: await people().sum('visits', where),
    average: await people().average('visits', where),
    maximum: await people().maximum('visits', where),
  };
  const deleted = await people().delete({ email: Like('bulk9%') });
  return {
    dense: ids.every((id, n) => id === ids[0] + n),
    merged: merged.raw.affectedRows,
    ignored: ignored.raw.affectedRows,
    overwritten: overwritten.raw.affectedRows,
    updated: updated.affected,
    added: added.affected,
    sums,
    deleted: deleted.affected,
  };
});

shown('relations: cascades, eager joins, two queries, counts, order, pages', async () => {
  const author = await people().save({
    email: 'b@example.org',
    card: { number: '12345678' },
    posts: ['One', 'Two', 'Three'].map((title, n) => ({
      title,
      text: `about ${title}`,
      place: `POINT(${n} 0.5)`,
      tags: [{ name: `only ${title}` }],
    })),
  });
  const common = await tags().save({ name: 'common' });
  for (const post of author.posts) {
    await source.createQueryBuilder().relation(entity.Post, 'tags').of(post).add(common);
  }
  const options = {
    where: { id: author.id },
    select: {
      id: true,
      email: true,
      posts: { id: true, title: true, place: true, tags: { name: true } },
      card: { id: true, number: true },
    },
    relations: { posts: { tags: true }, card: true },
    order: { posts: { title: 'ASC', tags: { name: 'ASC' } } },
  };
  const [joined] = await people().find({ ...options, relationLoadStrategy: 'join' });
  const { order: _, ...unordered } = options;
  const queried = await people().findOne({ ...unordered, relationLoadStrategy: 'query' });
  const page = await posts().findAndCount({
    where: { author: { email: 'b@example.org' }, tags: { name: In(['common']) } },
    relations: { tags: true },
    order: { title: 'DESC' },
    skip: 1,
    take: 1,
  });
  const one = await posts().findOneByOrFail({ title: 'One' });
  await source.createQueryBuilder().relation(entity.Post, 'tags').of(one).remove(common);
  const counted = await tags()
    .createQueryBuilder('tag')
    .leftJoin('tag.posts', 'post')
    .select('tag.name', 'name')
    .addSelect('COUNT(post.id)', 'posts')
    .groupBy('tag.name')
    .orderBy('tag.name')
    .getRawMany();
  await posts().save({ ...one, tags: [] });
  const bare = await tags().find({
    where: { posts: { id: IsNull() } },
    relations: { posts: true },
  });
  return { joined: plain(joined), queried: plain(queried), page: plain(page), counted, bare };
});

shown('a view, and full text', async () => {
  const view = source.getRepository(entity.PostCount);
  const rows = await view.find({ where: { posts: MoreThan(0) }, order: { email: 'ASC' } });
  const found = await posts()
    .createQueryBuilder('post')
    .where('MATCH(post.title, post.text) AGAINST (:word IN BOOLEAN MODE)', { word: '+three' })
    .getMany();
  return { rows, found: plain(found) };
});

for (const schema of [entity.Folder, entity.Region]) {
  const { name } = schema.options;
  shown(`a tree of ${name}: descendants, ancestors, counts, a move`, async () => {
    const tree = source.getTreeRepository(schema);
    const root = await tree.save({ name: 'root' });
    const [left, right] = await tree.save([
      { name: 'left', parent: root },
      { name: 'right', parent: root },
    ]);
    const deep = await tree.save({ name: 'deep', parent: left });
    const all = await tree.findDescendantsTree(root);
    const up = await tree.findAncestors(deep);
    const counts = [await tree.countDescendants(right)];
    const moved = await failureOrName(tree.save({ ...deep, parent: right }));
    counts.push(await tree.countDescendants(right));
    const names = new Set(up.map((one) => one.name));
    assert.deepEqual(names, new Set(['root', 'left', 'deep']));
    return { all: plain(all), moved, counts };
  });
}

function failureOrName(promise) {
  return promise.then(
    ({ name }) => name,
    (error) => error.message,
  );
}

shown('soft delete, restore, with deleted, optimistic version', async () => {
  const one = await people().save({ email: 'soft@example.org' });
  await people().softRemove(one);
  const gone = await people().findOneBy({ id: one.id });
  const still = await people().findOne({ where: { id: one.id }, withDeleted: true });
  const restored = await people().restore({ id: one.id });
  await people().softDelete({ email: 'soft@example.org' });
  const counts = [
    await people().count({ where: { email: Like('soft%') } }),
    await people().count({ where: { email: Like('soft%') }, withDeleted: true }),
    await people().countBy({ deleted: Not(IsNull()) }),
  ];
  const lock = { mode: 'optimistic', version: 99 };
  const stale = await failureOf(people().findOne({ where: { email: 'a@example.org' }, lock }));
  return {
    gone,
    version: still.version,
    restored: restored.affected,
    counts,
    stale: stale.constructor.name,
  };
});

shown('query builder: joins, subqueries, groups, raw values, operators', async () => {
  const raw = await people()
    .createQueryBuilder('p')
    .leftJoin('p.posts', 'o')
    .select('p.kind', 'kind')
    .addSelect('COUNT(DISTINCT o.id)', 'posts')
    .addSelect('SUM(p.balance)', 'balance')
    .addSelect('MAX(p.seen)', 'seen')
    .groupBy('p.kind')
    .having('COUNT(*) > :few', { few: 0 })
    .orderBy('p.kind')
    .getRawMany();
  const inner = people()
    .createQueryBuilder('x')
    .select('x.id')
    .where('x.email LIKE :mail', { mail: 'b@%' });
  const withPosts = await posts()
    .createQueryBuilder('o')
    .where(`o.authorId IN (${inner.getQuery()})`)
    .setParameters(inner.getParameters())
    .orderBy('o.title')
    .getMany();
  const cte = await source
    .createQueryBuilder()
    .addCommonTableExpression('SELECT 1 AS n UNION ALL SELECT 2', 'numbers')
    .select('numbers.n', 'n')
    .from('numbers', 'numbers')
    .orderBy('n')
    .getRawMany();
  const found = await people().find({
    where: [
      { visits: LessThan('3'), email: Like('bulk%') },
      { balance: Raw((alias) => `${alias} = :sum`, { sum: '0.01' }) },
    ],
    select: { email: true, balance: true },
    order: { email: 'ASC' },
  });
  const exists = await people().existsBy({ home: { city: 'Ulm' } });
  return { raw, withPosts: withPosts.map(({ title }) => title), cte, found, exists };
});

check('a stream of all rows, and one that is left in the middle', async () => {
  const all = await people().createQueryBuilder('p').stream();
  let seen = 0;
  for await (const row of all) seen += row.p_email.length > 0 ? 1 : 0;
  assert.equal(seen, await people().count());
  const left = await people().createQueryBuilder('p').stream();
  for await (const _ of left) break;
  assert.equal(await people().countBy({ email: 'a@example.org' }), 1);
});

check('the cache of results is a table', async () => {
  const find = () => people().find({ where: { email: 'cached@example.org' }, cache: 60_000 });
  assert.equal((await find()).length, 0);
  await people().insert({ email: 'cached@example.org' });
  assert.equal((await find()).length, 0);
  await source.queryResultCache.clear();
  assert.equal((await find()).length, 1);
});

shown('raw queries: placeholders, named, tagged, results of writes', async () => {
  const rows = await source.query('SELECT ? + 1 AS a, ? AS b, ? AS c', [1, 'x', null]);
  const word = "it's";
  const tagged = await source.sql`SELECT ${word} AS word, ${2} * 2 AS four`;
  const write = await source.query('UPDATE to_tag SET name = name WHERE name = ?', ['common']);
  const json = await source.query(
    "SELECT JSON_EXTRACT(profile, '$.changed') AS changed FROM to_person WHERE email = ?",
    ['a@example.org'],
  );
  return { rows, tagged, write: [write.affectedRows, write.info], json };
});

shown('errors: duplicate key, foreign key, null, length, enum, syntax, unknown table', async () => {
  const errors = [
    await failureOf(people().insert({ email: 'a@example.org' })),
    await failureOf(posts().insert({ title: 'x', author: { id: 999_999 } })),
    await failureOf(posts().insert({ title: null })),
    await failureOf(posts().insert({ title: 'x'.repeat(60) })),
    await failureOf(people().insert({ email: 'kind@example.org', kind: 'neither' })),
    await failureOf(source.query('SELEC 1')),
    await failureOf(source.query('SELECT * FROM to_nowhere')),
  ];
  return errors.map((error) => [
    error.constructor.name,
    error.driverError?.code,
    error.driverError?.errno,
    error.driverError?.sqlState,
  ]);
});

await runChecks({ before, after: () => source.destroy() });
