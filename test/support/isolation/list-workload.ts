import { type Fate, type IsolationClient, type Pick } from './client.ts';
import type { Operation, Transaction } from './history.ts';

export const listTable = 'CREATE TABLE lists (id INT PRIMARY KEY, val TEXT NOT NULL)';

/** `5 7 9` as it stands in a row. */
export const valuesOf = (text: unknown): number[] =>
  typeof text === 'string' ? text.split(' ').map(Number) : [];

const outcomes = { done: 'committed', rolled_back: 'rolled_back', lost: 'unknown' } as const;

interface Attempt {
  readonly client: IsolationClient;
  readonly session: number;
  readonly begunAtMs: number;
  readonly operations: Operation[];
  port?: number;
}

interface Way {
  readonly onLeader: boolean;
  readonly snapshot: boolean;
}

const anywhere: Way = { onLeader: false, snapshot: true };
const picture: Way = { onLeader: true, snapshot: true };
const changing: Way = { onLeader: true, snapshot: false };

/** Clients that append to a few lists and read them, in transactions and outside. */
export class ListWorkload {
  readonly transactions: Transaction[] = [];
  readonly lists: readonly number[];
  readonly #pick: Pick;
  readonly #nextValue: () => number;

  constructor(options: { lists: readonly number[]; pick: Pick; nextValue: () => number }) {
    this.lists = options.lists;
    this.#pick = options.pick;
    this.#nextValue = options.nextValue;
  }

  step(client: IsolationClient): Promise<void> {
    const kind = this.#pick(20);
    if (kind < 6) return this.#alone(client, anywhere, (attempt) => this.#read(attempt, ''));
    if (kind < 9) return this.#alone(client, anywhere, (attempt) => this.#readMany(attempt));
    if (kind < 10)
      return this.#alone(client, changing, (attempt) => this.#read(attempt, this.#lock()));
    if (kind < 14) return this.#alone(client, changing, (attempt) => this.#append(attempt));
    if (kind < 16) return this.#readOnly(client);
    return this.#transaction(client);
  }

  /** One statement outside a transaction. */
  async #alone(
    client: IsolationClient,
    way: Way,
    work: (attempt: Attempt) => Promise<void>,
  ): Promise<void> {
    const attempt = begin(client);
    const fate = await client.attempt(() => work(attempt));
    this.#record(attempt, fate, way);
  }

  async #readOnly(client: IsolationClient): Promise<void> {
    const attempt = begin(client);
    const fate = await client.attempt(async () => {
      await client.run(this.#one(['BEGIN', 'START TRANSACTION READ ONLY', snapshot]));
      for (let left = 2 + this.#pick(2); left > 0; left--) {
        await (this.#pick(2) === 0 ? this.#read(attempt, '') : this.#readMany(attempt));
      }
      await client.run(this.#one(['COMMIT', 'COMMIT', 'ROLLBACK']));
    });
    this.#record(attempt, fate, picture);
  }

  async #transaction(client: IsolationClient): Promise<void> {
    const attempt = begin(client);
    const undone: Operation[] = [];
    let commits = true;
    const fate = await client.attempt(async () => {
      await client.run(this.#one(['BEGIN', 'BEGIN', snapshot]));
      for (let left = 1 + this.#pick(4); left > 0; left--) {
        const kind = this.#pick(8);
        if (kind < 2) await this.#read(attempt, '');
        else if (kind < 3) await this.#read(attempt, this.#lock());
        else if (kind < 4) await this.#readMany(attempt);
        else if (kind < 7) await this.#append(attempt);
        else undone.push(...(await this.#undo(attempt)));
      }
      commits = this.#pick(8) > 0;
      await client.run(commits ? 'COMMIT' : 'ROLLBACK');
    });
    this.#record(attempt, fate === 'done' && !commits ? 'rolled_back' : fate, changing);
    if (undone.length > 0) {
      this.#record({ ...attempt, operations: undone }, 'rolled_back', changing);
    }
  }

  /** Appends behind a savepoint and goes back to it; returns what must never be seen. */
  async #undo(attempt: Attempt): Promise<Operation[]> {
    const { client } = attempt;
    const operations: Operation[] = [];
    await client.run('SAVEPOINT here');
    await this.#append({ ...attempt, operations });
    await client.run('ROLLBACK TO here');
    return operations;
  }

  async #append({ client, operations }: Attempt): Promise<void> {
    const list = this.#one(this.lists);
    const value = this.#nextValue();
    const prepared = this.#pick(2) === 0;
    // Recorded first: a client that is told nothing may have appended all the same.
    operations.push({ kind: 'append', list, value });
    if (this.#pick(2) === 0) {
      const sql = 'UPDATE lists SET val = CONCAT(val, ?) WHERE id = ?';
      if ((await client.change(sql, [` ${value}`, list], prepared)) > 0) return;
    }
    const sql =
      'INSERT INTO lists (id, val) VALUES (?, ?) ' +
      "ON DUPLICATE KEY UPDATE val = CONCAT(val, ' ', VALUES(val))";
    await client.change(sql, [list, String(value)], prepared);
  }

  async #read(attempt: Attempt, lock: string): Promise<void> {
    const list = this.#one(this.lists);
    const sql = `SELECT val, @@port AS port FROM lists WHERE id = ?${lock}`;
    const [row] = await attempt.client.rows(sql, [list], this.#pick(2) === 0);
    if (row) attempt.port = Number(row['port']);
    attempt.operations.push({ kind: 'read', list, values: valuesOf(row?.['val']) });
  }

  async #readMany(attempt: Attempt): Promise<void> {
    const first = this.#pick(this.lists.length - 1);
    const lists = this.lists.slice(first, first + 2 + this.#pick(this.lists.length));
    const sql = 'SELECT id, val, @@port AS port FROM lists WHERE id BETWEEN ? AND ?';
    const range = [lists[0] ?? 0, lists.at(-1) ?? 0];
    const rows = await attempt.client.rows(sql, range, this.#pick(2) === 0);
    if (rows[0]) attempt.port = Number(rows[0]['port']);
    const found = new Map<unknown, unknown>(rows.map((row) => [row['id'], row['val']]));
    for (const list of lists) {
      attempt.operations.push({ kind: 'read', list, values: valuesOf(found.get(list)) });
    }
  }

  #record(attempt: Attempt, fate: Fate, way: Way): void {
    const { session, begunAtMs, operations, port } = attempt;
    const seen = { session, begunAtMs, endedAtMs: performance.now(), operations, port };
    this.transactions.push({ ...seen, ...way, outcome: outcomes[fate] });
  }

  #lock(): string {
    return this.#one([' FOR UPDATE', ' LOCK IN SHARE MODE']);
  }

  #one<Item>(items: readonly Item[]): Item {
    return items[this.#pick(items.length)] as Item;
  }
}

const snapshot = 'START TRANSACTION WITH CONSISTENT SNAPSHOT';

const begin = (client: IsolationClient): Attempt => ({
  client,
  session: client.session,
  begunAtMs: performance.now(),
  operations: [],
});
