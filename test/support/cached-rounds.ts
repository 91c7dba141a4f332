import type { Connection, RowDataPacket } from 'mysql2/promise';
import { randomFrom } from './random-writes.ts';

const writers = 4;
const apart = 1_000_000;

/**
 * Each writer has a counter of its own, which only grows. What it writes to `counters` a trigger
 * copies into `shadow`; what it writes to `parents` a foreign key copies into `children`; views and
 * a function read them.
 */
export const countedTables = [
  'CREATE TABLE counters (id INT PRIMARY KEY, n INT NOT NULL)',
  'CREATE TABLE shadow (id INT PRIMARY KEY, n INT NOT NULL)',
  'CREATE TABLE parents (id INT PRIMARY KEY, code INT NOT NULL UNIQUE)',
  'CREATE TABLE children (id INT PRIMARY KEY, code INT, ' +
    'FOREIGN KEY (code) REFERENCES parents (code) ON UPDATE CASCADE)',
  'CREATE TRIGGER copies AFTER UPDATE ON counters FOR EACH ROW ' +
    'UPDATE shadow SET n = NEW.n WHERE id = NEW.id',
  'CREATE FUNCTION counted(which INT) RETURNS INT READS SQL DATA ' +
    'RETURN (SELECT n FROM counters WHERE id = which)',
  'CREATE VIEW told AS SELECT id, counted(id) AS n FROM children',
  'CREATE VIEW both_of AS SELECT s.id, s.n, c.code FROM shadow s JOIN children c ON c.id = s.id',
  'CREATE PROCEDURE advance(which INT, upto INT) UPDATE counters SET n = upto WHERE id = which',
  ...['counters', 'shadow'].map(
    (table) => `INSERT INTO ${table} VALUES ${each((id) => `(${id}, 0)`)}`,
  ),
  ...['parents', 'children'].map(
    (table) => `INSERT INTO ${table} VALUES ${each((id) => `(${id}, ${id * apart})`)}`,
  ),
];

function each(text: (id: number) => string): string {
  return Array.from({ length: writers }, (_, id) => text(id)).join(', ');
}

type Step = (client: Connection, id: number, n: number) => Promise<unknown>;

const steps: readonly Step[] = [
  (client, id, n) => client.query(`UPDATE counters SET n = ${n} WHERE id = ${id}`),
  (client, id, n) => client.execute('UPDATE counters SET n = ? WHERE id = ?', [n, id]),
  (client, id, n) =>
    client.query(`INSERT INTO counters VALUES (${id}, ${n}) ON DUPLICATE KEY UPDATE n = VALUES(n)`),
  (client, id, n) =>
    client.query(
      `UPDATE counters c JOIN parents p ON p.id = c.id SET c.n = ${n} WHERE c.id = ${id}`,
    ),
  (client, id, n) => client.query(`CALL advance(${id}, ${n})`),
  async (client, id, n) => {
    await client.query('BEGIN');
    await client.query(`UPDATE counters SET n = ${n + apart} WHERE id = ${id}`);
    await client.query('ROLLBACK');
    await client.query('BEGIN');
    await client.query(`UPDATE counters SET n = n + 0 WHERE id = ${id}`);
    await client.query(`UPDATE counters SET n = ${n} WHERE id = ${id}`);
    await client.query('COMMIT');
  },
];

const moves: Step = (client, id, n) =>
  client.query(`UPDATE parents SET code = ${id * apart + n} WHERE id = ${id}`);

interface CountedRead {
  readonly sql: string;
  readonly of: 'n' | 'code';
}

const reads: readonly CountedRead[] = [
  { sql: 'SELECT n AS v FROM counters WHERE id = ?', of: 'n' },
  { sql: 'SELECT n AS v FROM shadow WHERE id = ?', of: 'n' },
  { sql: 'SELECT n AS v FROM told WHERE id = ?', of: 'n' },
  { sql: 'SELECT n AS v FROM both_of WHERE id = ?', of: 'n' },
  { sql: 'SELECT MAX(n) AS v FROM (SELECT * FROM shadow) d WHERE id = ?', of: 'n' },
  { sql: 'SELECT code AS v FROM children WHERE id = ?', of: 'code' },
  { sql: 'SELECT code AS v FROM both_of WHERE id = ?', of: 'code' },
  { sql: 'SELECT code AS v FROM parents WHERE id = ?', of: 'code' },
];

/** How far a counter is: what its writer was told is done, and what it has asked for. */
interface Counter {
  acknowledged: number;
  asked: number;
}

export interface CachedRound {
  readonly connect: () => Promise<Connection>;
  readonly seed: number;
  readonly writesEach: number;
  readonly readers: number;
  /** A read sees what anybody was told is done; else what its own session has seen. */
  readonly strong: boolean;
}

/**
 * Writers and readers at once: every read is held against what was acknowledged before it began
 * and asked for before it ended. Returns how many reads there were; throws at the first wrong one.
 */
export async function readWhileWritten(round: CachedRound): Promise<number> {
  const counters = await readCounters(round);
  let writing = true;
  const reading = Array.from({ length: round.readers }, (_, who) =>
    readAtRandom(round, counters, who, () => writing),
  );
  const all = Promise.all(reading);
  all.catch(() => {});
  try {
    await Promise.all(counters.map((of, id) => writeAtRandom(round, of, id)));
  } finally {
    writing = false;
  }
  return (await all).reduce((sum, count) => sum + count, 0);
}

type Counters = Readonly<Record<CountedRead['of'], Counter>>;

async function readCounters({ connect }: CachedRound): Promise<readonly Counters[]> {
  await using client = await connect();
  const sql = 'SELECT n, code FROM counters JOIN parents USING (id) ORDER BY id';
  const [rows] = await client.query<RowDataPacket[]>(sql);
  const counter = (value: unknown): Counter => {
    const now = Number(value) % apart;
    return { acknowledged: now, asked: now };
  };
  return rows.map((row) => ({ n: counter(row['n']), code: counter(row['code']) }));
}

async function writeAtRandom(
  { connect, seed, writesEach }: CachedRound,
  counters: Counters,
  id: number,
): Promise<void> {
  const pick = randomFrom(seed * 100 + id);
  await using client = await connect();
  for (let count = 0; count < writesEach; count += 1) {
    const code = pick(4) === 0;
    const counter = code ? counters.code : counters.n;
    const next = counter.asked + 1;
    counter.asked = next;
    const step = code ? moves : (steps[pick(steps.length)] as Step);
    try {
      await step(client, id, next);
      counter.acknowledged = next;
    } catch (error) {
      // Its leader was lost under a transaction.
      if ((error as { errno?: number }).errno !== 1213) throw error;
    }
  }
}

async function readAtRandom(
  { connect, seed, strong }: CachedRound,
  counters: readonly Counters[],
  who: number,
  goesOn: () => boolean,
): Promise<number> {
  const pick = randomFrom(seed * 1000 + who);
  await using client = await connect();
  const seen = new Map<string, number>();
  let done = 0;
  for (; goesOn(); done += 1) {
    const id = pick(writers);
    const { sql, of } = reads[pick(reads.length)] as CountedRead;
    const counter = (counters[id] as Counters)[of];
    const key = `${of} ${id}`;
    const low = Math.max(strong ? counter.acknowledged : 0, seen.get(key) ?? 0);
    const [rows] =
      pick(2) === 0
        ? await client.query<RowDataPacket[]>(sql.replace('?', String(id)))
        : await client.execute<RowDataPacket[]>(sql, [id]);
    const value = Number(rows[0]?.['v']) % apart;
    const { asked } = counter;
    if (value < low || value > asked) {
      const right = `${low} to ${asked} is right (seed ${seed})`;
      throw new Error(`${sql} of ${id} gave ${value}, where ${right}`);
    }
    seen.set(key, value);
  }
  return done;
}
