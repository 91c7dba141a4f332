import { setTimeout as delay } from 'node:timers/promises';
import type { Connection, QueryError } from 'mysql2/promise';
import { connectTo } from '../../../src/demo/connect.ts';
import type { Work } from './matrix.ts';

/** Whether something that was written is there. */
export type Expected = 'yes' | 'no' | 'unknown';

/** Between two statements of one client: a matrix is about moments, not about throughput. */
const paceMs = 4;
const hangsAfterMs = 30_000;
const bigBytes = 20_000;

/**
 * Clients that write known rows, and what of it must be there afterwards. An autocommit
 * statement may not fail; a transaction may be refused as a whole (1213). When the balancer
 * dies (`mayLose`), the outcome of what was under way is open.
 */
export class CrashLoad {
  /** Marks of autocommit inserts. */
  readonly marks = new Map<string, Expected>();
  /** Each stands for two marks, `<name>a` and `<name>b`, that must not be parted. */
  readonly pairs = new Map<string, Expected>();
  readonly tables = new Map<string, Expected>();
  /** What must not have happened. */
  readonly failures: string[] = [];
  /** Of the one counter that every client moves. */
  added = 0;
  perhapsAdded = 0;
  readonly #port: number;
  readonly #cell: string;
  readonly #clients: { readonly work: Work; done: number }[] = [];
  readonly #running: Promise<void>[] = [];
  #stopped = false;
  #mayLose = false;

  constructor(options: { port: number; cell: string; work: Work; alone?: boolean }) {
    this.#port = options.port;
    this.#cell = options.cell;
    this.#clients.push({ work: options.work, done: 0 });
    if (options.alone) return;
    this.#clients.push({ work: options.work === 'ddl' ? 'writes' : options.work, done: 0 });
  }

  start(): void {
    for (const [index, client] of this.#clients.entries()) {
      this.#running.push(
        this.#run(client, `${this.#cell}-${index}`).catch((error: unknown) => {
          this.failures.push(String(error));
        }),
      );
    }
  }

  /** The balancer is about to die, or may have. */
  mayLose(may: boolean): void {
    this.#mayLose = may;
  }

  get done(): readonly number[] {
    return this.#clients.map(({ done }) => done);
  }

  /** Each client has done `more` since, or something has failed. */
  async progress(more: number): Promise<void> {
    const before = this.done;
    const deadlineMs = performance.now() + hangsAfterMs;
    while (this.failures.length === 0) {
      if (this.done.every((done, index) => done >= (before[index] ?? 0) + more)) return;
      if (performance.now() > deadlineMs) throw new Error('the clients do not get on');
      await delay(paceMs);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
  }

  async #run(client: { readonly work: Work; done: number }, who: string): Promise<void> {
    let connection: Connection | undefined;
    for (let step = 0; !this.#stopped && this.failures.length === 0; step++) {
      try {
        connection ??= await this.#connect();
        await this.#step(connection, client.work, `${who}-${step}`);
        client.done++;
      } catch (error) {
        connection?.destroy();
        connection = undefined;
        const { code = '', fatal, message } = error as Partial<QueryError> & Error;
        const lost = fatal === true || code.startsWith('ECONN') || code === 'EPIPE';
        if (!this.#mayLose || !lost) {
          throw new Error(`${client.work}: ${code} ${message}`, { cause: error });
        }
      }
      await delay(paceMs);
    }
    connection?.destroy();
  }

  async #connect(): Promise<Connection> {
    const connection = await connectTo({ port: this.#port }, { database: 'app' });
    connection.on('error', () => {});
    return connection;
  }

  async #step(connection: Connection, work: Work, name: string): Promise<void> {
    switch (work) {
      case 'writes':
        return this.#write(connection, name, "'small'");
      case 'big writes':
        return this.#write(connection, name, `'${'x'.repeat(bigBytes)}'`);
      case 'transactions':
        return this.#transaction(connection, name);
      case 'ddl':
        return this.#ddl(connection, `t_${name.replaceAll('-', '_')}`);
    }
  }

  async #write(connection: Connection, name: string, pad: string): Promise<void> {
    this.marks.set(name, 'unknown');
    await run(connection, `INSERT INTO marks (mark, pad) VALUES ('${name}', ${pad})`);
    this.marks.set(name, 'yes');
    this.perhapsAdded++;
    await run(connection, 'UPDATE counters SET n = n + 1 WHERE id = 1');
    this.perhapsAdded--;
    this.added++;
  }

  async #transaction(connection: Connection, name: string): Promise<void> {
    this.pairs.set(name, 'unknown');
    this.perhapsAdded++;
    try {
      await run(connection, 'BEGIN');
      await run(connection, `INSERT INTO marks (mark, pad) VALUES ('${name}a', '')`);
      await run(connection, 'UPDATE counters SET n = n + 1 WHERE id = 1');
      await run(connection, `INSERT INTO marks (mark, pad) VALUES ('${name}b', '')`);
      await run(connection, 'COMMIT');
      this.pairs.set(name, 'yes');
      this.added++;
    } catch (error) {
      if ((error as { errno?: number }).errno !== 1213) throw error;
      this.pairs.set(name, 'no');
    }
    this.perhapsAdded--;
  }

  async #ddl(connection: Connection, table: string): Promise<void> {
    this.tables.set(table, 'unknown');
    await run(connection, `CREATE TABLE ${table} (id INT PRIMARY KEY)`);
    this.tables.set(table, 'yes');
    await run(connection, `ALTER TABLE ${table} ADD COLUMN n INT NOT NULL DEFAULT 7`);
    await run(connection, `INSERT INTO ${table} (id, n) VALUES (1, 8)`);
    this.tables.set(table, 'unknown');
    await run(connection, `RENAME TABLE ${table} TO ${table}_x`);
    this.tables.set(table, 'no').set(`${table}_x`, 'yes');
    if (table.endsWith('0')) return;
    this.tables.set(`${table}_x`, 'unknown');
    await run(connection, `DROP TABLE ${table}_x`);
    this.tables.set(`${table}_x`, 'no');
  }
}

async function run(connection: Connection, sql: string): Promise<void> {
  await connection.query({ sql, timeout: hangsAfterMs });
}
