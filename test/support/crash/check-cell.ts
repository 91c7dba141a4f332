import { setTimeout as delay } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import { connectTo } from '../../../src/demo/connect.ts';
import type { LocalServer } from '../../../src/demo/local-server.ts';
import { verifyLog } from '../../../src/log/verify-log.ts';
import { expectEqualNodes } from '../cluster.ts';
import type { CrashLoad, Expected } from './crash-load.ts';

const settleMs = 15_000;

/**
 * What must be true once every node is up and nobody writes: the log has no gap, every node's
 * markers stand at its end, all nodes are equal, and they hold each write that was acknowledged
 * once and none by half. Throws an error that says what is not so.
 */
export async function checkCell(
  servers: readonly LocalServer[],
  load: CrashLoad,
  logFolder: string,
): Promise<void> {
  if (load.failures.length > 0) throw new Error(`failed: ${load.failures.join('; ')}`);
  const log = await verifyLog(logFolder);
  if (log.torn) throw new Error(`the log is torn at ${log.torn.file}, ${log.torn.offset}`);
  for (const server of servers) await markersStandAt(server, log.lastSeq);
  await expectEqualNodes(servers);
  const [server] = servers;
  if (server) await checkRows(server, load);
}

/**
 * The leader folds its markers a moment later. One that died before it did may keep some that its
 * position has passed already; those mean nothing, and go when it folds the next time.
 */
async function markersStandAt(server: LocalServer, lastSeq: number): Promise<void> {
  const expected = JSON.stringify({ position: lastSeq, ddl: 0, beyond: 0 });
  const connection = await connectTo(server, { user: 'root' });
  const deadlineMs = performance.now() + settleMs;
  try {
    for (;;) {
      const [[found]] = await connection.query<RowDataPacket[]>(
        'SELECT position, ddl_seq AS ddl, ' +
          '(SELECT COUNT(*) FROM lockstep.applied WHERE seq>position) AS beyond FROM lockstep.node',
      );
      if (JSON.stringify(found) === expected) return;
      if (performance.now() > deadlineMs) {
        const markers = JSON.stringify(found);
        throw new Error(`markers of ${server.name} are ${markers}, not ${expected}`);
      }
      await delay(20);
    }
  } finally {
    connection.destroy();
  }
}

async function checkRows(server: LocalServer, load: CrashLoad): Promise<void> {
  const connection = await connectTo(server, { user: 'root', database: 'app' });
  try {
    const [rows] = await connection.query<RowDataPacket[]>('SELECT mark FROM marks');
    const counts = new Map<string, number>();
    for (const { mark } of rows) counts.set(mark, (counts.get(mark) ?? 0) + 1);
    const count = (mark: string): number => counts.get(mark) ?? 0;
    let added = 0;
    for (const [mark, expected] of load.marks) {
      if (!fits(count(mark), expected)) throw new Error(`${mark} is there ${count(mark)} times`);
    }
    for (const [pair, expected] of load.pairs) {
      const [a, b] = [count(`${pair}a`), count(`${pair}b`)];
      if (a !== b || !fits(a, expected)) throw new Error(`of ${pair} there are ${a} and ${b}`);
    }
    const [[counter]] = await connection.query<RowDataPacket[]>('SELECT n FROM counters');
    added = Number(counter?.['n']);
    if (added < load.added || added > load.added + load.perhapsAdded) {
      throw new Error(`counted ${added}, told of ${load.added} (+ ${load.perhapsAdded})`);
    }
    const [tables] = await connection.query<RowDataPacket[]>('SHOW TABLES');
    const names = new Set(tables.map((row) => String(Object.values(row)[0])));
    for (const [table, expected] of load.tables) {
      const found = names.has(table) ? 1 : 0;
      if (!fits(found, expected)) throw new Error(`table ${table} is there ${found} times`);
    }
  } finally {
    connection.destroy();
  }
}

function fits(found: number, expected: Expected): boolean {
  switch (expected) {
    case 'yes':
      return found === 1;
    case 'no':
      return found === 0;
    case 'unknown':
      return found <= 1;
  }
}
