import type { Connection, RowDataPacket } from 'mysql2/promise';

/** A number below `bound`, from a seed (mulberry32). */
export function randomFrom(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * bound);
  };
}

type Pick = (bound: number) => number;

/** Few hot rows, with ranges, gaps and a secondary unique key. */
export const hotTables = [
  'CREATE TABLE hot (id INT PRIMARY KEY, u INT UNIQUE, v INT NOT NULL, KEY (v))',
  'CREATE TABLE ids (id INT AUTO_INCREMENT PRIMARY KEY, k INT UNIQUE, who INT, v INT)',
  'CREATE TABLE done (who INT, n INT, PRIMARY KEY (who, n))',
  'INSERT INTO hot VALUES (1, 1, 1), (3, 3, 3), (5, 5, 5), (7, 7, 7), (9, 9, 9)',
];

const kinds: readonly ((pick: Pick, who: number) => string)[] = [
  (pick) => `UPDATE hot SET v = v + ${pick(5)} WHERE id = ${pick(10)}`,
  (pick) => `UPDATE hot SET v = v * 2 % 97 WHERE id BETWEEN ${pick(5)} AND ${5 + pick(5)}`,
  (pick) => `UPDATE hot SET v = v + 1 WHERE v > ${pick(60)}`,
  (pick) => `UPDATE hot SET u = ${pick(12)} WHERE id = ${pick(10)}`,
  (pick) => `UPDATE IGNORE hot SET u = u + 1 WHERE id < ${pick(10)}`,
  (pick) => `DELETE FROM hot WHERE id = ${pick(10)}`,
  (pick) => `DELETE FROM hot WHERE v BETWEEN ${pick(90)} AND ${90 + pick(9)}`,
  (pick) => `DELETE FROM hot WHERE v < ${pick(30)} LIMIT 1`,
  (pick) => `INSERT INTO hot VALUES (${pick(10)}, ${pick(12)}, ${pick(97)})`,
  (pick) =>
    `INSERT INTO hot VALUES (${pick(10)}, ${pick(12)}, 1), (${pick(10)}, ${pick(12)}, 2) ` +
    'ON DUPLICATE KEY UPDATE v = v + VALUES(v)',
  (pick) => `REPLACE INTO hot VALUES (${pick(10)}, ${pick(12)}, ${pick(97)})`,
  (pick) => `INSERT IGNORE INTO hot VALUES (${pick(10)}, ${pick(12)}, 5), (${pick(10)}, NULL, 6)`,
  (pick, who) => `INSERT INTO ids (k, who, v) VALUES (${pick(40)}, ${who}, 1), (NULL, ${who}, 2)`,
  (pick, who) =>
    `INSERT INTO ids (k, who) VALUES (${pick(40)}, ${who}) ` +
    'ON DUPLICATE KEY UPDATE v = v + 1, id = LAST_INSERT_ID(id)',
  (pick, who) =>
    `INSERT INTO ids (id, k, who) VALUES (NULL, NULL, ${who}), (${pick(9999)}, NULL, 0)`,
  (pick, who) => `INSERT IGNORE INTO ids (k, who) VALUES (${pick(40)}, ${who}), (${pick(40)}, 0)`,
  (pick, who) => `REPLACE INTO ids (k, who, v) VALUES (${pick(40)}, ${who}, ${pick(9)})`,
  (_, who) => `INSERT INTO ids (who, v) SELECT ${who}, v FROM hot`,
  (pick, who) => `INSERT INTO ids (who, v) SELECT ${who}, v FROM ids WHERE k < ${pick(5)}`,
  (pick) => `UPDATE ids SET v = (SELECT MAX(v) FROM hot) WHERE k = ${pick(40)}`,
  (pick) => `UPDATE ids SET v = RAND() * 1000 WHERE k < ${pick(8)}`,
  (pick) => `DELETE FROM ids WHERE id % 7 = ${pick(7)} AND k IS NULL`,
  (pick) => `INSERT INTO hot SELECT ${10 + pick(4)}, NULL, MIN(v) FROM hot`,
  (pick, who) =>
    `INSERT INTO ids (k, who, v) VALUES (${pick(40)}, ${who}, 1), (${pick(40)}, ${who}, 2), ` +
    `(NULL, ${who}, 3) ON DUPLICATE KEY UPDATE v = COALESCE(v, 0) + VALUES(v)`,
  (pick, who) =>
    `INSERT INTO ids (id, k, who, v) VALUES (${1 + pick(60)}, ${pick(40)}, ${who}, 1) ` +
    'ON DUPLICATE KEY UPDATE v = COALESCE(v, 0) + 10, k = VALUES(k)',
  (pick, who) =>
    `INSERT IGNORE INTO ids (id, k, who) VALUES (${1 + pick(60)}, ${pick(40)}, ${who})`,
  (pick, who) => `REPLACE INTO ids (id, k, who) VALUES (${1 + pick(60)}, ${pick(40)}, ${who})`,
  (pick) => `UPDATE ids SET id = ${1 + pick(60)}, k = ${pick(40)} WHERE k = ${pick(40)}`,
  (pick) => `DELETE FROM ids WHERE id = ${1 + pick(60)}`,
];

/** Conflicts that servers solve by refusing one side, and what the statements run into. */
const expected: ReadonlySet<number> = new Set([1062, 1205, 1213, 1105, 1264, 1048, 1467]);

interface ErrorLike {
  readonly errno?: number;
  readonly message: string;
}

/**
 * Transactions and single statements at random. Each one that is acknowledged also leaves its
 * number in `done`; returns those numbers. Rejects for an error that is not to be expected.
 */
export async function writeAtRandom(
  client: Connection,
  options: { who: number; seed: number; rounds: number },
): Promise<string[]> {
  const pick = randomFrom(options.seed * 1000 + options.who);
  const acknowledged: string[] = [];
  for (let round = 0; round < options.rounds; round++) {
    const mark = `${options.who},${round}`;
    const statement = (): string => kinds[pick(kinds.length)]?.(pick, options.who) ?? '';
    try {
      if (pick(3) > 0) {
        await client.query('BEGIN');
        if (pick(3) === 0) await client.query('SELECT SUM(v) FROM hot');
        for (let left = 1 + pick(4); left > 0; left--) await tolerate(client, statement());
        await client.query(`INSERT INTO done VALUES (${mark})`);
        const rollsBack = pick(5) === 0;
        await client.query(rollsBack ? 'ROLLBACK' : 'COMMIT');
        if (!rollsBack) acknowledged.push(mark);
      } else {
        await tolerate(client, statement());
      }
    } catch (error) {
      await client.query('ROLLBACK');
      if (!expected.has((error as ErrorLike).errno ?? 0)) throw error;
    }
  }
  return acknowledged;
}

/** A statement may fail without ending its transaction. */
async function tolerate(client: Connection, sql: string): Promise<void> {
  try {
    await client.query(sql);
  } catch (error) {
    const { errno = 0, message } = error as ErrorLike;
    if (errno === 1213) throw error;
    if (!expected.has(errno)) throw new Error(`${sql}: ${message}`, { cause: error });
  }
}

/** The numbers of transactions that a server holds. */
export async function doneOn(client: Connection): Promise<Set<string>> {
  const [rows] = await client.query<RowDataPacket[]>('SELECT who, n FROM done');
  return new Set(rows.map((row) => `${row['who']},${row['n']}`));
}
