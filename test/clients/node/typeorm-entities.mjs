// The tables that TypeORM's programs use, as entity schemas, and where they are.
import { DataSource, EntitySchema } from 'typeorm';
import { onMariadb, target } from './checks.mjs';

const id = { type: 'int', primary: true, generated: 'increment' };
const uuid = onMariadb ? { type: 'uuid' } : { type: 'varchar', length: 36 };
const computed = { generatedType: 'STORED', insert: false, update: false };

const address = new EntitySchema({
  name: 'Address',
  columns: {
    street: { type: 'varchar', length: 60, nullable: true },
    city: { type: 'varchar', length: 40, default: 'Ulm' },
  },
});

export const Person = new EntitySchema({
  name: 'Person',
  tableName: 'to_person',
  columns: {
    id,
    email: { type: 'varchar', length: 80, charset: 'utf8mb4', collation: 'utf8mb4_bin' },
    profile: { type: 'json', nullable: true },
    simple: { type: 'simple-json', nullable: true },
    list: { type: 'simple-array', nullable: true },
    balance: { type: 'decimal', precision: 30, scale: 10, default: 0, comment: 'in euros' },
    visits: { type: 'bigint', unsigned: true, default: 0 },
    born: { type: 'date', nullable: true },
    seen: { type: 'datetime', precision: 3, nullable: true },
    stamped: { type: 'timestamp', precision: 6, nullable: true },
    clock: { type: 'time', nullable: true },
    token: { ...uuid, generated: 'uuid' },
    kind: { type: 'enum', enum: ['reader', 'writer'], default: 'reader' },
    flags: { type: 'set', enum: ['a', 'b', 'c'], nullable: true },
    active: { type: 'boolean', default: true },
    picture: { type: 'varbinary', length: 200, nullable: true, select: false },
    ratio: { type: 'double', nullable: true },
    upper: { ...computed, type: 'varchar', length: 90, asExpression: 'UPPER(`email`)' },
    created: { type: 'datetime', precision: 6, createDate: true },
    updated: { type: 'datetime', precision: 6, updateDate: true },
    deleted: { type: 'datetime', precision: 6, deleteDate: true, nullable: true },
    version: { type: 'int', version: true },
  },
  embeddeds: { home: { schema: address, prefix: 'home_' } },
  relations: {
    posts: { type: 'one-to-many', target: 'Post', inverseSide: 'author', cascade: true },
    card: { type: 'one-to-one', target: 'Card', inverseSide: 'owner', cascade: true },
  },
  indices: [
    { name: 'to_email', columns: ['email'], unique: true },
    { name: 'to_kind', columns: ['kind', 'born'] },
  ],
});

export const Card = new EntitySchema({
  name: 'Card',
  tableName: 'to_card',
  columns: { id, number: { type: 'char', length: 8 } },
  relations: {
    owner: { type: 'one-to-one', target: 'Person', inverseSide: 'card', joinColumn: true },
  },
});

export const Post = new EntitySchema({
  name: 'Post',
  tableName: 'to_post',
  columns: {
    id,
    title: { type: 'varchar', length: 50 },
    text: { type: 'text', nullable: true },
    place: { type: 'point', nullable: true },
  },
  relations: {
    author: { type: 'many-to-one', target: 'Person', inverseSide: 'posts', onDelete: 'CASCADE' },
    tags: {
      type: 'many-to-many',
      target: 'Tag',
      inverseSide: 'posts',
      cascade: ['insert'],
      joinTable: { name: 'to_post_tag' },
    },
  },
  indices: [{ name: 'to_words', columns: ['title', 'text'], fulltext: true }],
});

export const Tag = new EntitySchema({
  name: 'Tag',
  tableName: 'to_tag',
  columns: { name: { type: 'varchar', length: 30, primary: true } },
  relations: { posts: { type: 'many-to-many', target: 'Post', inverseSide: 'tags' } },
});

/** Its ancestors and descendants stand in a second table. */
export const Folder = new EntitySchema({
  name: 'Folder',
  tableName: 'to_folder',
  columns: { id, name: { type: 'varchar', length: 30 } },
  relations: {
    parent: { type: 'many-to-one', target: 'Folder', inverseSide: 'children', treeParent: true },
    children: { type: 'one-to-many', target: 'Folder', inverseSide: 'parent', treeChildren: true },
  },
  trees: [{ type: 'closure-table' }],
});

/** Its ancestors stand in a column, which TypeORM writes by a second statement. */
export const Region = new EntitySchema({
  name: 'Region',
  tableName: 'to_region',
  columns: { id, name: { type: 'varchar', length: 30 } },
  relations: {
    parent: { type: 'many-to-one', target: 'Region', inverseSide: 'children', treeParent: true },
    children: { type: 'one-to-many', target: 'Region', inverseSide: 'parent', treeChildren: true },
  },
  trees: [{ type: 'materialized-path' }],
});

export const Counter = new EntitySchema({
  name: 'Counter',
  tableName: 'to_counter',
  columns: { name: { type: 'varchar', length: 30, primary: true }, value: { type: 'int' } },
});

export const PostCount = new EntitySchema({
  name: 'PostCount',
  tableName: 'to_post_count',
  type: 'view',
  expression:
    'SELECT p.email AS email, COUNT(o.id) AS posts FROM to_person p' +
    ' LEFT JOIN to_post o ON o.authorId = p.id GROUP BY p.email',
  columns: { email: { type: 'varchar' }, posts: { type: 'int' } },
});

export const entities = [Person, Card, Post, Tag, Folder, Region, Counter, PostCount];

const { host, port, user, password, database } = target;

/** Not yet connected; `more` are options of TypeORM. */
export function dataSource(more = {}) {
  return new DataSource({
    type: onMariadb ? 'mariadb' : 'mysql',
    host,
    port,
    username: user,
    password,
    database,
    timezone: 'Z',
    entities,
    poolSize: 10,
    ...more,
  });
}

/** What `run` does with one connection, which goes back into the pool afterwards. */
export async function withRunner(source, run) {
  const runner = source.createQueryRunner();
  try {
    return await run(runner);
  } finally {
    await runner.release();
  }
}

/** As `value` is stored in JSON, without what differs from run to run. */
export function plain(value) {
  const stamps = ['created', 'updated', 'deleted', 'token', 'id'];
  return JSON.parse(
    JSON.stringify(value, (key, part) => (stamps.includes(key) ? undefined : part)),
  );
}
