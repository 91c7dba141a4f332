// TypeORM's schema builder: synchronize, what it finds to change, migrations, the query runner.
import assert from 'node:assert/strict';
import { EntitySchema, Like, Table, TableColumn, TableForeignKey, TableIndex, View } from 'typeorm';
import { check, failureOf, onMariadb, runChecks, shown, target } from './checks.mjs';
import { dataSource, withRunner } from './typeorm-entities.mjs';

const source = dataSource();

async function before() {
  await source.initialize();
  await source.dropDatabase();
  await source.synchronize();
}

/** What TypeORM would change so that the tables are as their entities. */
async function changesOf(one) {
  const { upQueries } = await one.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query);
}

/** A table as TypeORM reads it; it asks for no order, and MySQL gives them in any. */
function described(table) {
  const columns = table.columns.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return {
    columns: columns.map((column) => [
      column.name,
      column.type,
      column.length,
      column.precision,
      column.scale,
      column.default,
      column.isNullable,
      column.isPrimary,
      column.isUnique,
      column.isGenerated,
      column.asExpression,
      column.enum,
      column.comment,
      column.onUpdate,
    ]),
    indices: table.indices
      .map(({ name, columnNames, isUnique, isFulltext }) => [
        name,
        columnNames,
        isUnique,
        isFulltext,
      ])
      .toSorted(),
    foreignKeys: table.foreignKeys
      .map((key) => [key.columnNames, key.referencedTableName, key.onDelete, key.onUpdate])
      .toSorted(),
  };
}

shown('what synchronize has made, as TypeORM reads it', () =>
  withRunner(source, async (query) => {
    const names = ['to_person', 'to_post', 'to_card', 'to_post_tag', 'to_folder_closure'];
    const tables = await query.getTables(names);
    const views = await query.getViews(['to_post_count']);
    return { tables: tables.map(described), views: views.map(({ name }) => name) };
  }),
);

shown('what there is to change afterwards', () => changesOf(source));

shown('an entity that has changed is synchronized, rows kept', async () => {
  const schemas = [
    {
      id: { type: 'int', primary: true },
      name: { type: 'varchar', length: 10 },
      old: { type: 'int', default: 1 },
    },
    {
      id: { type: 'int', primary: true },
      name: { type: 'varchar', length: 40, nullable: true, unique: true },
      made: { type: 'datetime', precision: 3, default: () => 'CURRENT_TIMESTAMP(3)' },
      text: { type: 'mediumtext', nullable: true },
    },
    {
      id: { type: 'bigint', primary: true, generated: 'increment' },
      name: { type: 'varchar', length: 40, nullable: true, default: 'none' },
      text: { type: 'longtext', nullable: true },
    },
  ];
  const steps = [];
  for (const columns of schemas) {
    const entity = new EntitySchema({ name: 'Changing', tableName: 'to_changing', columns });
    const one = await dataSource({ entities: [entity] }).initialize();
    try {
      const changes = await changesOf(one);
      await one.synchronize();
      if (steps.length === 0) await one.getRepository(entity).insert({ id: 7, name: 'seven' });
      await one
        .getRepository(entity)
        .update({ name: Like('s%') }, { name: `step ${steps.length}` });
      const [{ made: _, ...row }] = await one.getRepository(entity).find();
      steps.push({ changes, row, again: await changesOf(one) });
    } finally {
      await one.destroy();
    }
  }
  return steps;
});

const generated = { isGenerated: true, generationStrategy: 'increment' };

class First1700000000001 {
  async up(query) {
    await query.createTable(
      new Table({
        name: 'mg_owner',
        columns: [
          { name: 'id', type: 'int', isPrimary: true, ...generated },
          { name: 'name', type: 'varchar', length: '20', isNullable: false },
          { name: 'kind', type: 'enum', enum: ['a', 'b'], default: "'a'" },
        ],
      }),
    );
    await query.query("INSERT INTO mg_owner (name) VALUES ('one'), ('two')");
    await query.createTable(
      new Table({
        name: 'mg_item',
        columns: [
          { name: 'id', type: 'int', isPrimary: true },
          { name: 'owner', type: 'int', isNullable: true },
          { name: 'price', type: 'decimal', precision: 10, scale: 2, default: '1.50' },
        ],
        indices: [{ name: 'mg_price', columnNames: ['price'] }],
      }),
    );
  }

  async down(query) {
    await query.dropTable('mg_item');
    await query.dropTable('mg_owner');
  }
}

const owner = new TableForeignKey({
  name: 'mg_owner_key',
  columnNames: ['owner'],
  referencedTableName: 'mg_owner',
  referencedColumnNames: ['id'],
  onDelete: 'SET NULL',
});

class Second1700000000002 {
  async up(query) {
    await query.createForeignKey('mg_item', owner);
    const note = { name: 'note', type: 'varchar', length: '20', isNullable: true };
    await query.addColumn('mg_item', new TableColumn(note));
    await query.createIndex('mg_item', new TableIndex({ name: 'mg_note', columnNames: ['note'] }));
    await query.renameColumn('mg_item', 'note', 'remark');
    await query.changeColumn(
      'mg_item',
      'remark',
      new TableColumn({ ...note, name: 'remark', length: '60', default: "'none'" }),
    );
    const unique = { name: 'mg_name', columnNames: ['name'], isUnique: true };
    await query.createIndex('mg_owner', new TableIndex(unique));
    const expression = 'SELECT COUNT(*) AS n FROM mg_owner';
    await query.createView(new View({ name: 'mg_view', expression }));
    await query.manager.query("INSERT INTO mg_item (id, owner, remark) VALUES (1, 1, 'x')");
  }

  async down(query) {
    await query.query('DROP VIEW mg_view');
    await query.dropIndex('mg_owner', 'mg_name');
    await query.dropForeignKey('mg_item', owner);
    await query.dropColumn('mg_item', 'remark');
    await query.query('DELETE FROM mg_item');
  }
}

class Third1700000000003 {
  async up(query) {
    await query.query("INSERT INTO mg_owner (name) VALUES ('lost')");
    await query.query('INSERT INTO mg_nowhere VALUES (1)');
  }

  async down() {}
}

shown('migrations: run, run again, undo, redo, one that fails', async () => {
  const options = { migrations: [First1700000000001, Second1700000000002], entities: [] };
  const one = await dataSource(options).initialize();
  const state = async () => {
    const all = ['mg_owner', 'mg_item', 'mg_view', 'migrations'];
    const tables = await withRunner(one, (query) => query.getTables(all));
    const ran = await one.query('SELECT name, timestamp FROM migrations ORDER BY timestamp');
    return { ran, tables: tables.map((table) => [table.name, described(table)]) };
  };
  const names = (migrations) => migrations.map(({ name }) => name);
  const seen = [];
  try {
    seen.push(await one.showMigrations());
    seen.push(names(await one.runMigrations({ transaction: 'each' })), await state());
    seen.push(names(await one.runMigrations()), await one.query('SELECT * FROM mg_view'));
    await one.undoLastMigration();
    seen.push(await state());
    seen.push(names(await one.runMigrations({ transaction: 'none' })), await state());
  } finally {
    await one.destroy();
  }
  const failing = await dataSource({ migrations: [Third1700000000003], entities: [] }).initialize();
  try {
    const error = await failureOf(failing.runMigrations({ transaction: 'all' }));
    seen.push(
      error.driverError.errno,
      await failing.query('SELECT name FROM mg_owner ORDER BY id'),
    );
  } finally {
    await failing.destroy();
  }
  return seen;
});

shown('the query runner: keys, renames, comments, columns that are dropped', () =>
  withRunner(source, async (query) => {
    const columns = [
      { name: 'a', type: 'int', isPrimary: true },
      { name: 'b', type: 'int' },
      { name: 'c', type: 'varchar', length: '20', isNullable: true },
    ];
    await query.createTable(new Table({ name: 'qr_one', columns, comment: 'first' }), true);
    await query.query("INSERT INTO qr_one VALUES (1, 2, 'x')");
    await query.changeTableComment('qr_one', "it's second");
    await query.updatePrimaryKeys(
      'qr_one',
      columns.slice(0, 2).map((one) => new TableColumn(one)),
    );
    await query.renameTable('qr_one', 'qr_two');
    await query.dropColumns('qr_two', ['c']);
    const table = await query.getTable('qr_two');
    const has = [
      await query.hasTable('qr_one'),
      await query.hasTable('qr_two'),
      await query.hasColumn('qr_two', 'c'),
      await query.hasDatabase(target.database),
      await query.hasDatabase('no_such'),
      await query.getCurrentDatabase(),
    ];
    const rows = await query.query('SELECT * FROM qr_two');
    await query.clearTable('qr_two');
    const none = await query.query('SELECT * FROM qr_two');
    await query.dropTable('qr_two');
    return { table: described(table), comment: table.comment, has, rows, none };
  }),
);

check('a second database: created, used across, dropped', () =>
  withRunner(source, async (query) => {
    await query.createDatabase('to_second', true);
    await query.createTable(
      new Table({ name: 'to_second.one', columns: [{ name: 'id', type: 'int', isPrimary: true }] }),
    );
    await query.query('INSERT INTO to_second.one VALUES (1), (2)');
    await query.query('INSERT INTO to_counter SELECT id, id FROM to_second.one');
    const table = await query.getTable('to_second.one');
    assert.equal(table.database, 'to_second');
    assert.ok((await query.hasTable('to_second.one')) && (await query.hasDatabase('to_second')));
    await query.dropDatabase('to_second');
    assert.ok(!(await query.hasDatabase('to_second')));
  }),
);

shown('server and columns that only one engine has', () =>
  withRunner(source, async (query) => {
    await query.query(
      onMariadb
        ? 'CREATE TABLE own (id UUID PRIMARY KEY DEFAULT "6ccd780c-baba-1026-9564-5b8c656024db",' +
            ' ip INET6 DEFAULT "::1")'
        : 'CREATE TABLE own (id BINARY(16) PRIMARY KEY DEFAULT "x", n INT INVISIBLE DEFAULT 1,' +
            ' KEY ((id || "x")))',
    );
    const table = await query.getTable('own');
    await query.dropTable('own');
    return described(table);
  }),
);

check('clearDatabase leaves nothing', () =>
  withRunner(source, async (query) => {
    await query.clearDatabase();
    const [{ n }] = await query.query(
      'SELECT COUNT(*) AS n FROM information_schema.tables WHERE table_schema = DATABASE()',
    );
    assert.equal(Number(n), 0);
  }),
);

await runChecks({ before, after: () => source.destroy() });
