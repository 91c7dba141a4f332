// The tables of prisma/schema.prisma, made by a script as `prisma migrate` writes them, and a
// client of them.
import { PrismaMariaDb } from '@prisma/adapter-mariadb';
import { PrismaClient } from '@prisma/client';
import mysql from 'mysql2/promise';
import { target } from './checks.mjs';

const { host, port, user, password, database } = target;

/** What every table ends with. */
const utf8 = 'DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';

/** One text of many statements: so it is sent. */
export const firstMigration = `
-- CreateTable
CREATE TABLE \`pr_person\` (
    \`id\` INTEGER NOT NULL AUTO_INCREMENT,
    \`email\` VARCHAR(80) NOT NULL,
    \`name\` VARCHAR(191) NULL,
    \`profile\` JSON NULL,
    \`balance\` DECIMAL(30, 10) NOT NULL DEFAULT 0,
    \`visits\` BIGINT UNSIGNED NOT NULL DEFAULT 0,
    \`ratio\` DOUBLE NULL,
    \`born\` DATE NULL,
    \`clock\` TIME(0) NULL,
    \`seen\` DATETIME(3) NULL,
    \`stamped\` TIMESTAMP(3) NULL,
    \`token\` VARCHAR(191) NOT NULL,
    \`kind\` ENUM('reader', 'writer') NOT NULL DEFAULT 'reader',
    \`active\` BOOLEAN NOT NULL DEFAULT true,
    \`picture\` VARBINARY(200) NULL,
    \`small\` TINYINT NULL,
    \`created\` DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    \`updated\` DATETIME(3) NOT NULL,

    UNIQUE INDEX \`pr_person_email_key\`(\`email\`),
    INDEX \`pr_person_kind_born_idx\`(\`kind\`, \`born\`),
    PRIMARY KEY (\`id\`)
) ${utf8};

-- CreateTable
CREATE TABLE \`pr_card\` (
    \`number\` CHAR(8) NOT NULL,
    \`ownerId\` INTEGER NOT NULL,

    UNIQUE INDEX \`pr_card_ownerId_key\`(\`ownerId\`),
    PRIMARY KEY (\`number\`)
) ${utf8};

-- CreateTable
CREATE TABLE \`pr_post\` (
    \`id\` INTEGER NOT NULL AUTO_INCREMENT,
    \`title\` VARCHAR(50) NOT NULL,
    \`text\` TEXT NULL,
    \`authorId\` INTEGER NOT NULL,

    UNIQUE INDEX \`pr_post_authorId_title_key\`(\`authorId\`, \`title\`),
    PRIMARY KEY (\`id\`)
) ${utf8};

-- CreateTable
CREATE TABLE \`pr_tag\` (
    \`name\` VARCHAR(30) NOT NULL,

    PRIMARY KEY (\`name\`)
) ${utf8};

-- CreateTable
CREATE TABLE \`pr_post_tag\` (
    \`postId\` INTEGER NOT NULL,
    \`tagName\` VARCHAR(30) NOT NULL,
    \`weight\` INTEGER NOT NULL DEFAULT 0,

    PRIMARY KEY (\`postId\`, \`tagName\`)
) ${utf8};

-- CreateTable
CREATE TABLE \`pr_counter\` (
    \`name\` VARCHAR(30) NOT NULL,
    \`value\` INTEGER NOT NULL,

    PRIMARY KEY (\`name\`)
) ${utf8};

-- CreateTable
CREATE TABLE \`_follows\` (
    \`A\` INTEGER NOT NULL,
    \`B\` INTEGER NOT NULL,

    UNIQUE INDEX \`_follows_AB_unique\`(\`A\`, \`B\`),
    INDEX \`_follows_B_index\`(\`B\`)
) ${utf8};
`;

const foreignKey = (table, column, referenced, field, rules) =>
  `-- AddForeignKey\nALTER TABLE \`${table}\` ADD CONSTRAINT \`${table}_${column}_fkey\`` +
  ` FOREIGN KEY (\`${column}\`) REFERENCES \`${referenced}\`(\`${field}\`) ${rules};\n\n`;

const cascade = 'ON DELETE CASCADE ON UPDATE CASCADE';

export const secondMigration =
  foreignKey('pr_card', 'ownerId', 'pr_person', 'id', cascade) +
  foreignKey('pr_post', 'authorId', 'pr_person', 'id', 'ON DELETE RESTRICT ON UPDATE CASCADE') +
  foreignKey('pr_post_tag', 'postId', 'pr_post', 'id', cascade) +
  foreignKey('pr_post_tag', 'tagName', 'pr_tag', 'name', cascade) +
  foreignKey('_follows', 'A', 'pr_person', 'id', cascade) +
  foreignKey('_follows', 'B', 'pr_person', 'id', cascade) +
  'CREATE VIEW `pr_post_count` AS SELECT p.email AS email, COUNT(o.id) AS posts FROM pr_person p' +
  ' LEFT JOIN pr_post o ON o.authorId = p.id GROUP BY p.email;\n';

/** A connection that sends scripts. */
export function connect(more = {}) {
  const address = { host, port, user, password, database };
  return mysql.createConnection({ ...address, multipleStatements: true, ...more });
}

/** An empty database with these tables. */
export async function makeTables() {
  const connection = await connect();
  await connection.query(`DROP DATABASE \`${database}\``);
  await connection.query(`CREATE DATABASE \`${database}\``);
  await connection.query(`USE \`${database}\``);
  await connection.query(firstMigration);
  await connection.query(secondMigration);
  await connection.end();
}

/** A client whose connections are those of MariaDB's driver for Node; `more` are its settings. */
export function prismaClient(more = {}, options = {}) {
  const address = { host, port, user, password, database, allowPublicKeyRetrieval: true };
  const pool = { connectionLimit: 10, acquireTimeout: 60_000 };
  const adapter = new PrismaMariaDb({ ...address, ...pool, ...more }, { database });
  return new PrismaClient({ adapter, ...options });
}
