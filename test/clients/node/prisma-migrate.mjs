// What Prisma's schema engine does on a server at `migrate deploy`, `migrate dev` with its shadow
// database, `migrate reset`, `db push` and `db pull`, done here with mysql2: its lock, its table of
// migrations, scripts sent as one text, databases made and dropped, and what it asks of
// information_schema. The engine itself is a program in machine code that npm does not have.
// Source: prisma/prisma-engines, schema-engine/connectors/sql-schema-connector/src/flavour/mysql
// and schema-engine/sql-schema-describer/src/mysql.
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { check, failureOf, onMariadb, runChecks, shown, target } from './checks.mjs';
import { connect, firstMigration, prismaClient, secondMigration } from './prisma-tables.mjs';

const { database } = target;
const migrations = [
  ['20240101000000_first', firstMigration],
  ['20240102000000_second', secondMigration],
];
let engine;

async function before() {
  engine = await connect();
}

/** Its answers hold what is text as bytes where it asks by BINARY. */
const rowsOf = async (on, sql, values = []) => {
  const [rows] = await on.execute(sql, values);
  return rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([key, value]) => [
        key.toLowerCase(),
        Buffer.isBuffer(value) ? value.toString() : value,
      ]),
    ),
  );
};

const tablesSql =
  'SELECT DISTINCT BINARY t.table_name AS table_name, t.create_options AS create_options,' +
  ' t.table_comment AS table_comment FROM information_schema.tables AS t' +
  ' JOIN information_schema.columns AS c ON BINARY c.table_name = BINARY t.table_name' +
  " WHERE t.table_schema = ? AND c.table_schema = ? AND t.table_type = 'BASE TABLE'" +
  ' ORDER BY BINARY t.table_name';

/** All that `db pull` and every comparison of schemas ask. */
async function describe(on, schema) {
  const ask = (sql, values = [schema]) => rowsOf(on, sql, values);
  return {
    tables: await ask(tablesSql, [schema, schema]),
    views: await ask(
      'SELECT TABLE_NAME AS view_name, VIEW_DEFINITION AS view_sql' +
        ' FROM INFORMATION_SCHEMA.VIEWS WHERE TABLE_SCHEMA = ?',
    ),
    columns: await ask(
      'SELECT column_name column_name, data_type data_type, column_type full_data_type,' +
        ' character_maximum_length length, numeric_precision numeric_precision,' +
        ' numeric_scale numeric_scale, datetime_precision datetime_precision,' +
        ' column_default column_default, is_nullable is_nullable, extra extra,' +
        " table_name table_name, IF(column_comment = '', NULL, column_comment) AS comment" +
        ' FROM information_schema.columns WHERE table_schema = ?' +
        ' ORDER BY table_name, ordinal_position',
    ),
    indexes: await ask(
      'SELECT table_name AS table_name, index_name AS index_name, column_name AS column_name,' +
        ' sub_part AS part, seq_in_index AS seq, collation AS column_order,' +
        ' non_unique AS non_unique, index_type AS index_type FROM information_schema.statistics' +
        ' WHERE table_schema = ? ORDER BY table_name, index_name, seq_in_index',
    ),
    foreignKeys: await ask(
      'SELECT k.constraint_name constraint_name, k.column_name column_name,' +
        ' k.referenced_table_name referenced, k.referenced_column_name referenced_column,' +
        ' k.table_name table_name, r.delete_rule delete_rule, r.update_rule update_rule' +
        ' FROM information_schema.key_column_usage AS k' +
        ' JOIN information_schema.referential_constraints AS r' +
        ' ON BINARY k.constraint_name = BINARY r.constraint_name' +
        ' WHERE BINARY k.table_schema = ? AND BINARY r.constraint_schema = ?' +
        ' AND k.referenced_column_name IS NOT NULL' +
        ' ORDER BY BINARY k.table_name, BINARY k.constraint_name, k.ordinal_position',
      [schema, schema],
    ),
    routines: await ask(
      'SELECT routine_name AS name, routine_definition AS definition' +
        " FROM information_schema.routines WHERE ROUTINE_SCHEMA = ? AND ROUTINE_TYPE = 'PROCEDURE'",
    ),
    checks: await ask(
      'SELECT c.table_name AS table_name, c.constraint_name AS name' +
        ' FROM INFORMATION_SCHEMA.TABLE_CONSTRAINTS c' +
        ` WHERE c.constraint_type = 'CHECK' AND c.table_schema = ? ORDER BY 1, 2`,
    ),
  };
}

const stepsTable =
  'CREATE TABLE _prisma_migrations (id VARCHAR(36) PRIMARY KEY NOT NULL,' +
  ' checksum VARCHAR(64) NOT NULL, finished_at DATETIME(3), migration_name VARCHAR(255) NOT NULL,' +
  ' logs TEXT, rolled_back_at DATETIME(3),' +
  ' started_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),' +
  ' applied_steps_count INTEGER UNSIGNED NOT NULL DEFAULT 0)' +
  ' DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';

/** `migrate deploy`, on a connection that holds the engine's lock to its end. */
async function deploy(on, wanted) {
  await on.query("SELECT GET_LOCK('prisma_migrate', 10)");
  const tables = await rowsOf(on, tablesSql, [database, database]);
  if (!tables.some(({ table_name: name }) => name === '_prisma_migrations')) {
    await on.query(stepsTable);
  }
  const done = await rowsOf(
    on,
    'SELECT migration_name FROM `_prisma_migrations` WHERE `finished_at` IS NOT NULL',
  );
  const names = done.map(({ migration_name: name }) => name);
  const applied = [];
  for (const [name, script] of wanted) {
    if (names.includes(name)) continue;
    const id = randomUUID();
    const checksum = createHash('sha256').update(script).digest('hex');
    await on.execute(
      'INSERT INTO `_prisma_migrations` (`id`, `checksum`, `started_at`, `migration_name`)' +
        ' VALUES (?, ?, ?, ?)',
      [id, checksum, new Date(), name],
    );
    try {
      await on.query(script);
    } catch (error) {
      await on.execute('UPDATE `_prisma_migrations` SET `logs` = ? WHERE `id` = ?', [
        error.message,
        id,
      ]);
      throw error;
    }
    await on.execute(
      'UPDATE `_prisma_migrations` SET `applied_steps_count` = `applied_steps_count` + ?,' +
        ' `finished_at` = ? WHERE `id` = ?',
      [1, new Date(), id],
    );
    applied.push(name);
  }
  return applied;
}

const steps = (on) =>
  rowsOf(
    on,
    'SELECT migration_name, applied_steps_count, checksum, logs, finished_at IS NULL AS open' +
      ' FROM `_prisma_migrations` ORDER BY `started_at`, migration_name',
  );

shown('what it asks of a server at first', async () => {
  const [lower] = await rowsOf(engine, 'SELECT @@lower_case_table_names AS n');
  const [version] = await rowsOf(engine, 'SELECT @@version AS v, @@GLOBAL.version AS g');
  const names = await rowsOf(
    engine,
    'select schema_name as schema_name from information_schema.schemata where schema_name = ?',
    [database],
  );
  return { lower, version, names };
});

shown('deploy: all, none, one more, one that fails in its middle', async () => {
  const seen = [await deploy(engine, migrations), await deploy(engine, migrations)];
  const third = [
    '20240103000000_third',
    'ALTER TABLE `pr_tag` ADD COLUMN `note` VARCHAR(20) NULL;',
  ];
  seen.push(await deploy(engine, [...migrations, third]));
  const fourth = [
    '20240104000000_fourth',
    'ALTER TABLE `pr_tag` DROP COLUMN `note`;\nALTER TABLE `pr_nowhere` ADD `x` INT;\nSELECT 1;',
  ];
  const error = await failureOf(deploy(engine, [...migrations, third, fourth]));
  seen.push([error.errno, error.message]);
  return { seen, steps: await steps(engine) };
});

check('another that deploys waits for the lock, and goes on when its holder has left', async () => {
  const [holder, other] = [await connect(), await connect()];
  await engine.end();
  engine = await connect();
  await holder.query("SELECT GET_LOCK('prisma_migrate', 10) AS got");
  const [[refused]] = await other.query("SELECT GET_LOCK('prisma_migrate', 0) AS got");
  assert.equal(refused.got, 0);
  const waiting = other.query("SELECT GET_LOCK('prisma_migrate', 10) AS got");
  await holder.end();
  const [[got]] = await waiting;
  assert.equal(got.got, 1);
  await other.end();
});

shown('pull: what there is', () => describe(engine, database));

shown('dev: a shadow database of the migrations, compared, and dropped', async () => {
  const shadow = `prisma_migrate_shadow_db_${randomUUID()}`;
  await engine.query("SELECT GET_LOCK('prisma_migrate', 10)");
  await engine.query(`CREATE DATABASE \`${shadow}\``);
  const inShadow = await connect({ database: shadow });
  let compared;
  try {
    for (const [, script] of migrations) await inShadow.query(script);
    compared = await describe(inShadow, shadow);
  } finally {
    await inShadow.end();
    await engine.query(`DROP DATABASE IF EXISTS \`${shadow}\``);
  }
  const left = await rowsOf(engine, 'SHOW DATABASES LIKE ?'.replace('?', "'prisma%'"));
  return { tables: compared.tables, keys: compared.foreignKeys, left };
});

shown('reset: the database dropped under the connection, made, used, filled again', async () => {
  await engine.query(`DROP DATABASE \`${database}\``);
  await engine.query(`CREATE DATABASE \`${database}\``);
  await engine.query(`USE \`${database}\``);
  const applied = await deploy(engine, migrations);
  const prisma = prismaClient({ connectionLimit: 2 });
  try {
    const made = await prisma.tag.create({ data: { name: 'seed' } });
    return { applied, made, steps: (await steps(engine)).length };
  } finally {
    await prisma.$disconnect();
  }
});

shown(
  'push: columns added, changed, renamed; tables redefined; a best effort to drop all',
  async () => {
    await engine.query(
      'ALTER TABLE `pr_counter` ADD COLUMN `note` VARCHAR(191) NULL,' +
        ' ADD COLUMN `at` DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),' +
        ' MODIFY `value` BIGINT NOT NULL DEFAULT 1',
    );
    await engine.query("INSERT INTO `pr_counter` (`name`) VALUES ('pushed')");
    await engine.query('ALTER TABLE `pr_post` DROP FOREIGN KEY `pr_post_authorId_fkey`');
    await engine.query('DROP INDEX `pr_post_authorId_title_key` ON `pr_post`');
    await engine.query(
      'CREATE FULLTEXT INDEX `pr_post_title_idx` ON `pr_post`(`title`);' +
        'CREATE INDEX `pr_person_name_idx` ON `pr_person`(`name`(10) DESC)',
    );
    await engine.query(
      "ALTER TABLE `pr_person` MODIFY `kind` ENUM('reader', 'writer', 'editor') NOT NULL",
    );
    await engine.query('RENAME TABLE `pr_card` TO `pr_badge`');
    const changed = await describe(engine, database);
    await engine.query('SET FOREIGN_KEY_CHECKS=0');
    for (const { table_name: name } of changed.tables) await engine.query(`DROP TABLE \`${name}\``);
    for (const { view_name: name } of changed.views) await engine.query(`DROP VIEW \`${name}\``);
    await engine.query('SET FOREIGN_KEY_CHECKS=1');
    return { changed, left: (await describe(engine, database)).tables, mariadb: onMariadb };
  },
);

await runChecks({ before, after: () => engine.end() });
