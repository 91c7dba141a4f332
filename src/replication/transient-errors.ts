/**
 * Server errors that say nothing about the data and may pass by themselves
 * (https://dev.mysql.com/doc/mysql-errors/en/server-error-reference.html).
 */
const transientErrnos: ReadonlySet<number> = new Set([
  1021, // disk full
  1037, // out of memory
  1038, // out of sort memory
  1040, // too many connections
  1041, // out of resources
  1053, // server shutdown in progress
  1114, // table is full
  1180, // error during COMMIT
  1205, // lock wait timeout
  1206, // lock table full
  1213, // deadlock
  1290, // read-only option: an operator's doing
  1317, // query interrupted
  1412, // table definition changed, retry transaction
  1615, // prepared statement needs to be re-prepared
  1836, // running in read-only mode
  1927, // connection was killed
  1969, // max_statement_time exceeded
  3024, // max_execution_time exceeded
  3169, // session was killed
]);

export const isTransient = (errno: number): boolean => transientErrnos.has(errno);
