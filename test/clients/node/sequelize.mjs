// Sequelize over mysql2: models with associations, transactions, locks, scopes, migrations.
import assert from 'node:assert/strict';
import { DataTypes, Op, QueryTypes, Sequelize, Transaction } from 'sequelize';
import { check, failureOf, range, runChecks, shown, target } from './checks.mjs';

const { host, port, user, password, database } = target;
const sequelize = new Sequelize(database, user, password, {
  host,
  port,
  dialect: 'mysql',
  logging: false,
  pool: { max: 10 },
  define: { freezeTableName: true },
});

const Author = sequelize.define('sq_author', {
  id: { type: DataTypes.INTEGER, autoIncrement: true, primaryKey: true },
  email: { type: DataTypes.STRING(80), allowNull: false, unique: true },
  profile: DataTypes.JSON,
  balance: DataTypes.DECIMAL(12, 2),
  visits: { type: DataTypes.BIGINT, defaultValue: 0 },
  born: DataTypes.DATEONLY,
  seen: DataTypes.DATE(3),
  token: { type: DataTypes.UUID, defaultValue: DataTypes.UUIDV4 },
  kind: DataTypes.ENUM('reader', 'writer'),
  active: { type: DataTypes.BOOLEAN, defaultValue: true },
  picture: DataTypes.BLOB,
});
const Book = sequelize.define(
  'sq_book',
  {
    id: { type: DataTypes.INTEGER, autoIncrement: true, primaryKey: true },
    title: { type: DataTypes.STRING, allowNull: false },
    pages: { type: DataTypes.INTEGER, defaultValue: 0 },
  },
  { paranoid: true, indexes: [{ fields: ['title'] }], version: true },
);
const Tag = sequelize.define('sq_tag', {
  name: { type: DataTypes.STRING(30), primaryKey: true },
});
Author.hasMany(Book, { as: 'books', foreignKey: 'author_id', onDelete: 'CASCADE' });
Book.belongsTo(Author, { as: 'author', foreignKey: 'author_id' });
Book.belongsToMany(Tag, { as: 'tags', through: 'sq_book_tag' });
Tag.belongsToMany(Book, { as: 'books', through: 'sq_book_tag' });

const stamps = ['createdAt', 'updatedAt', 'deletedAt', 'token', 'sq_book_tag'];
/** A row without what differs from run to run. */
const plain = (row) =>
  JSON.parse(JSON.stringify(row), (key, value) => (stamps.includes(key) ? undefined : value));

async function before() {
  for (const table of [
    'sq_book_tag',
    'sq_book',
    'sq_tag',
    'sq_author',
    'sq_moved',
    'sq_migrated',
  ]) {
    await sequelize.getQueryInterface().dropTable(table);
  }
  await sequelize.authenticate();
  await sequelize.sync();
  await sequelize.sync({ alter: true });
}

shown('what sync has made', async () => {
  const query = sequelize.getQueryInterface();
  const tables = (await query.showAllTables()).filter((name) => name.startsWith('sq_')).toSorted();
  const columns = await query.describeTable('sq_author');
  const indexes = await query.showIndex('sq_book');
  return { tables, columns, indexes: indexes.map(({ name, unique }) => [name, unique]) };
});

shown('create, find, update, destroy, of every type', async () => {
  const author = await Author.create({
    email: 'a@example.org',
    profile: { langs: ['de', 'en'], deep: { n: 1.5, none: null } },
    balance: '1234567890.12',
    visits: '9007199254740993',
    born: '1999-12-31',
    seen: new Date('2024-02-29T23:59:59.123Z'),
    kind: 'writer',
    picture: Buffer.from([0, 255, 39]),
  });
  const found = await Author.findByPk(author.id);
  await author.update({ balance: '0.01', profile: { changed: true } });
  await author.increment('visits', { by: 2 });
  await author.reload();
  const byJson = await Author.findAll({ where: { profile: { changed: true } } });
  const other = await Author.create({ email: 'gone@example.org' });
  await other.destroy();
  return {
    found: plain(found),
    changed: plain(author),
    byJson: byJson.length,
    gone: await Author.findByPk(other.id),
  };
});

shown('bulk: insert, upsert, update, delete, and what they count', async () => {
  await Author.destroy({ where: { email: { [Op.like]: 'bulk%' } } });
  const rows = range(100).map((n) => ({ email: `bulk${n}@example.org`, visits: n }));
  const made = await Author.bulkCreate(rows);
  const ids = made.map(({ id }) => id - made[0].id);
  const again = range(20).map((n) => ({ email: `bulk${n + 90}@example.org`, visits: 1000 + n }));
  await Author.bulkCreate(again, { updateOnDuplicate: ['visits'] });
  await Author.bulkCreate(again, { ignoreDuplicates: true });
  const [, created] = await Author.upsert({ email: 'bulk1@example.org', visits: 77 });
  const changed = await Author.update({ active: false }, { where: { visits: { [Op.gt]: 50 } } });
  const where = { email: { [Op.like]: 'bulk%' } };
  const sums = {
    count: await Author.count({ where }),
    sum: await Author.sum('visits', { where }),
    max: await Author.max('visits', { where }),
  };
  const deleted = await Author.destroy({ where: { email: { [Op.like]: 'bulk9%' } } });
  return {
    made: made.length,
    dense: ids.every((id, n) => id === n),
    created,
    changed,
    sums,
    deleted,
  };
});

shown('associations: create with include, add, eager and lazy, counts', async () => {
  const author = await Author.create(
    {
      email: 'b@example.org',
      books: [
        { title: 'One', pages: 10 },
        { title: 'Two', pages: 20 },
      ],
    },
    { include: [{ model: Book, as: 'books' }] },
  );
  const tags = await Tag.bulkCreate([{ name: 'new' }, { name: 'old' }]);
  const [one, two] = author.books;
  await one.setTags(tags);
  await two.addTag('new');
  await author.createBook({ title: 'Three', pages: 30 });
  const eager = await Author.findOne({
    where: { id: author.id },
    attributes: ['email'],
    include: [{ model: Book, as: 'books', include: [{ model: Tag, as: 'tags' }] }],
    order: [
      ['books', 'title'],
      ['books', 'tags', 'name'],
    ],
  });
  const filtered = await Book.findAndCountAll({
    include: [{ model: Tag, as: 'tags', where: { name: 'new' } }],
    distinct: true,
    limit: 1,
    order: ['title'],
  });
  await two.destroy();
  const left = (await author.getBooks({ order: ['title'] })).map(({ title }) => title);
  await two.restore();
  const grouped = await Book.findAll({
    attributes: ['author_id', [sequelize.fn('SUM', sequelize.col('pages')), 'pages']],
    group: ['author_id'],
    raw: true,
  });
  const without = JSON.parse(JSON.stringify([plain(eager), plain(filtered)]), (key, value) =>
    ['id', 'author_id', 'sqBookId'].includes(key) ? undefined : value,
  );
  return { without, left, pages: grouped.map(({ pages }) => pages) };
});

shown('transactions: managed, unmanaged, nested, isolation levels', async () => {
  const names = async () => (await Tag.findAll({ order: ['name'] })).map(({ name }) => name);
  await sequelize.transaction(async (transaction) => {
    await Tag.create({ name: 'kept' }, { transaction });
  });
  const failed = await failureOf(
    sequelize.transaction(async (transaction) => {
      await Tag.create({ name: 'lost' }, { transaction });
      throw new Error('on purpose');
    }),
  );
  const outer = await sequelize.transaction();
  await Tag.create({ name: 'outer' }, { transaction: outer });
  const inner = await sequelize.transaction({ transaction: outer });
  await Tag.create({ name: 'inner' }, { transaction: inner });
  await inner.rollback();
  const [{ length: inside }] = [await Tag.findAll({ transaction: outer })];
  await outer.commit();
  for (const isolationLevel of Object.values(Transaction.ISOLATION_LEVELS)) {
    await sequelize.transaction({ isolationLevel }, async (transaction) => {
      await Tag.upsert({ name: 'level' }, { transaction });
    });
  }
  return { failed: failed.message, inside, names: await names() };
});

check('30 at once add to a counter under a lock', async () => {
  const [counter] = await Book.findOrCreate({ where: { title: 'counter' } });
  const add = () =>
    sequelize.transaction(async (transaction) => {
      const book = await Book.findByPk(counter.id, { transaction, lock: transaction.LOCK.UPDATE });
      await book.update({ pages: book.pages + 1 }, { transaction });
    });
  await Promise.all(range(30).map(add));
  await counter.reload();
  assert.equal(counter.pages, 30);
});

shown('errors: unique, foreign key, not null, syntax, optimistic lock', async () => {
  const duplicate = await failureOf(Author.create({ email: 'a@example.org' }));
  const orphan = await failureOf(Book.create({ title: 'Orphan', author_id: 999999 }));
  const empty = await failureOf(sequelize.query('INSERT INTO sq_tag (name) VALUES (NULL)'));
  const syntax = await failureOf(sequelize.query('SELEC 1'));
  const [first, second] = await Promise.all(range(2).map(() => Book.findOne({ order: ['id'] })));
  await first.update({ pages: 100 });
  const stale = await failureOf(second.update({ pages: 200 }));
  return [duplicate, orphan, empty, syntax, stale].map((error) => [
    error.name,
    error.parent?.code,
    error.errors?.map(({ path }) => path),
    error.fields,
  ]);
});

shown('raw queries: replacements, bind, types, stored functions of dates and JSON', async () => {
  const options = { type: QueryTypes.SELECT };
  const sql = 'SELECT :a + 1 AS a, :list AS list';
  const named = await sequelize.query(sql, { ...options, replacements: { a: 1, list: 'x' } });
  const bound = await sequelize.query('SELECT $1 AS a, $2 AS b', { ...options, bind: ['x', 2] });
  const [, count] = await sequelize.query('UPDATE sq_tag SET name = name', {
    type: QueryTypes.UPDATE,
  });
  const json = await sequelize.query(
    'SELECT JSON_EXTRACT(profile, "$.changed") AS changed FROM sq_author WHERE email LIKE "a@%"',
    options,
  );
  return { named, bound, count, json };
});

shown('migrations by the query interface', async () => {
  const query = sequelize.getQueryInterface();
  await query.createTable('sq_migrated', { id: { type: DataTypes.INTEGER, primaryKey: true } });
  await query.addColumn('sq_migrated', 'name', { type: DataTypes.STRING(20), defaultValue: 'x' });
  await query.bulkInsert('sq_migrated', [{ id: 1 }, { id: 2, name: 'two' }]);
  await query.changeColumn('sq_migrated', 'name', { type: DataTypes.STRING(40) });
  await query.renameColumn('sq_migrated', 'name', 'title');
  await query.addIndex('sq_migrated', ['title'], { unique: true, name: 'sq_title' });
  await query.removeIndex('sq_migrated', 'sq_title');
  await query.addConstraint('sq_migrated', { type: 'unique', fields: ['title'], name: 'sq_one' });
  await query.removeConstraint('sq_migrated', 'sq_one');
  await query.renameTable('sq_migrated', 'sq_moved');
  const columns = await query.describeTable('sq_moved');
  const rows = await sequelize.query('SELECT * FROM sq_moved', { type: QueryTypes.SELECT });
  await query.removeColumn('sq_moved', 'title');
  await query.dropTable('sq_moved');
  return { columns, rows };
});

await runChecks({ before, after: () => sequelize.close() });
