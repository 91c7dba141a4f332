import { drizzle } from 'drizzle-orm/mysql2';
import mysql from 'mysql2/promise';
import { schema } from './tables.mjs';

/**
 * One pool for the whole service, as before any MySQL server: nothing in here knows of nodes,
 * of which one leads, or that there are several.
 */
export function openDatabase(url) {
  const pool = mysql.createPool({ uri: url, connectionLimit: 10, enableKeepAlive: true });
  const orm = drizzle(pool, { schema, mode: 'default' });
  return { pool, orm, close: () => pool.end() };
}

const deadlock = 'ER_LOCK_DEADLOCK';
const attempts = 5;

/**
 * Runs `work` in a transaction, and again when the database had to take it back: after a
 * deadlock, which every application has to expect of one server as well. Lockstep answers with
 * the same error when the node that had the transaction open is lost.
 */
export async function inTransaction({ orm }, work) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await orm.transaction(work);
    } catch (error) {
      if (attempt === attempts || codeOf(error) !== deadlock) throw error;
    }
  }
}

/** The server's code of an error, such as ER_DUP_ENTRY; the ORM wraps the driver's error. */
export function codeOf(error) {
  return error?.code ?? error?.cause?.code;
}
