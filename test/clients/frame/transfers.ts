import type { RowDataPacket } from 'mysql2/promise';
import { connectTo } from '../../support/cluster.ts';
import type { Target } from './suite.ts';

const total = 200;

/** Two tables whose amounts together are always the same. */
export const transferTables =
  'CREATE TABLE left_side (id INT PRIMARY KEY, amount INT NOT NULL);' +
  'CREATE TABLE right_side (id INT PRIMARY KEY, amount INT NOT NULL);' +
  'INSERT INTO left_side VALUES (1, 100); INSERT INTO right_side VALUES (1, 100);';

/** Runs it while another client moves amounts from one table to the other in `database`. */
export async function duringTransfers(
  target: Target,
  database: string,
  run: () => Promise<void>,
): Promise<void> {
  const client = await connectTo(target, { database });
  const end = new AbortController();
  const moving = (async (): Promise<void> => {
    for (let moved = 1; !end.signal.aborted; moved = (moved % 7) + 1) {
      await client.query('BEGIN');
      await client.query('UPDATE left_side SET amount = amount - ?', [moved]);
      await client.query('UPDATE right_side SET amount = amount + ?', [moved]);
      await client.query('COMMIT');
    }
  })();
  try {
    await Promise.race([run(), moving]);
  } finally {
    end.abort();
    try {
      await moving;
    } finally {
      await client.end();
    }
  }
}

/** Throws when the two tables are not of one and the same moment. */
export async function checkTransfers(target: Target, database: string): Promise<void> {
  const client = await connectTo(target, { database });
  try {
    const [[row]] = await client.query<RowDataPacket[]>(
      'SELECT (SELECT SUM(amount) FROM left_side) + (SELECT SUM(amount) FROM right_side) AS found',
    );
    const found = Number(row?.['found']);
    if (found !== total) throw new Error(`the amounts are ${found} together, not ${total}`);
  } finally {
    await client.end();
  }
}
