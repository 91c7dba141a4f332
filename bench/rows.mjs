import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import mysql from 'mysql2/promise';

const run = promisify(execFile);
const program = fileURLToPath(new URL('update-rows.mjs', import.meta.url));
const rowsAtOnce = 1000;

/** A table as sysbench's: `rows_read`, with so many rows of about 200 bytes and a second index. */
export async function makeRows(port, rows) {
  const address = { host: '127.0.0.1', port, user: 'app', password: 'app', database: 'app' };
  const connection = await mysql.createConnection(address);
  await connection.query(
    'CREATE TABLE rows_read (id INT PRIMARY KEY, k INT NOT NULL, c CHAR(120) NOT NULL, ' +
      'pad CHAR(60) NOT NULL, KEY (k))',
  );
  for (let from = 1; from <= rows; from += rowsAtOnce) {
    const values = [];
    for (let id = from; id < from + rowsAtOnce && id <= rows; id++) {
      const k = (id * 7919) % rows;
      values.push(`(${id},${k},'${`${id}-`.padEnd(120, '0')}','${'-'.padStart(60, '0')}')`);
    }
    await connection.query(`INSERT INTO rows_read VALUES ${values.join(',')}`);
  }
  await connection.end();
}

/** Many updates of one row each over so many connections; how many were done in a second. */
export async function updateRows(load) {
  const { stdout } = await run(process.execPath, [program, JSON.stringify(load)]);
  return load.updates / JSON.parse(stdout).seconds;
}
