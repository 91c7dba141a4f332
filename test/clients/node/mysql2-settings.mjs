// What the programs for mysql2 share.
import mysql from 'mysql2/promise';
import { failureOf, target } from './checks.mjs';

const { host, port, user, password, database } = target;
export const settings = { host, port, user, password, database };
export const connect = (more = {}) => mysql.createConnection({ ...settings, ...more });

/** Runs `use` on a connection of its own. */
export async function on(more, use) {
  const connection = await connect(more);
  try {
    return await use(connection);
  } finally {
    connection.destroy();
  }
}

/** What the server said of a write. */
export const header = ({ affectedRows, insertId, changedRows, info, warningStatus }) => ({
  affectedRows,
  insertId,
  changedRows,
  info,
  warningStatus,
});
export const errorOf = async (promise) => {
  const { code, errno, sqlState, sqlMessage } = await failureOf(promise);
  return { code, errno, sqlState, sqlMessage };
};
