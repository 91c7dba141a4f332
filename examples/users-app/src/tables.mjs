import { bigint, int, mysqlTable, timestamp, varchar } from 'drizzle-orm/mysql-core';

/** The table of Lockstep's demo. */
export const users = mysqlTable('users', {
  id: int('id').primaryKey().autoincrement(),
  name: varchar('name', { length: 100 }).notNull(),
  email: varchar('email', { length: 200 }).notNull().unique(),
  createdAt: timestamp('created_at', { mode: 'string' }).notNull().defaultNow(),
});

/** Who did what to which user; written in the same transaction as the change itself. */
export const changes = mysqlTable('user_changes', {
  id: bigint('id', { mode: 'number' }).primaryKey().autoincrement(),
  userId: int('user_id').notNull(),
  what: varchar('what', { length: 200 }).notNull(),
  at: timestamp('at', { mode: 'string' }).notNull().defaultNow(),
});

export const schema = { users, changes };

export const createTables = [
  `CREATE TABLE IF NOT EXISTS users (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name VARCHAR(100) NOT NULL,
    email VARCHAR(200) NOT NULL UNIQUE,
    created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP)`,
  `CREATE TABLE IF NOT EXISTS user_changes (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    user_id INT NOT NULL,
    what VARCHAR(200) NOT NULL,
    at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    KEY (user_id))`,
];
