import { setTimeout as delay } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { ScenarioStage } from './scenario-stage.ts';

const clientCount = 8;
const reconnectMs = 50;

export interface WorkloadOptions {
  readonly stage: ScenarioStage;
  /** A name no other workload has; its tables begin with it. */
  readonly name: string;
}

/** What the clients know at the end, compared with what is stored. */
export interface WorkloadVerdict {
  /** Statements that failed although their connection stood. */
  readonly failures: readonly string[];
  /** Statements whose connection was lost while they were under way. */
  readonly lost: number;
  /** Acknowledged, and not there. */
  readonly missing: readonly string[];
  readonly twice: readonly string[];
  /** Counters that count other than what was acknowledged, those of unknown fate allowed. */
  readonly miscounted: readonly string[];
}

/** What one client has been told; `unknown` are statements cut off with their connection. */
interface Tally {
  acknowledged: number;
  unknown: number;
}

/**
 * Clients that all the time, each in autocommit, insert a row of its own, read it back and
 * count it in a row that is theirs alone. The rows have no unique key, so that one which was
 * stored twice shows.
 */
export class Workload {
  readonly #stage: ScenarioStage;
  readonly #rows: string;
  readonly #counters: string;
  readonly #acknowledged: string[] = [];
  readonly #failures: string[] = [];
  readonly #counts = Array.from({ length: clientCount }, (): Tally => {
    return { acknowledged: 0, unknown: 0 };
  });
  readonly #ending = new AbortController();
  #work: Promise<unknown> = Promise.resolve();
  #lost = 0;

  constructor({ stage, name }: WorkloadOptions) {
    this.#stage = stage;
    this.#rows = `${name}_rows`;
    this.#counters = `${name}_counters`;
  }

  /** Acknowledged inserts so far. */
  get acknowledged(): number {
    return this.#acknowledged.length;
  }

  async start(): Promise<void> {
    const id = 'id INT AUTO_INCREMENT PRIMARY KEY';
    await this.#stage.run(`CREATE TABLE ${this.#rows} (${id}, token VARCHAR(40), KEY (token))`);
    await this.#stage.run(`CREATE TABLE ${this.#counters} (id INT PRIMARY KEY, n INT NOT NULL)`);
    const values = this.#counts.map((_, index) => `(${index}, 0)`).join(', ');
    await this.#stage.run(`INSERT INTO ${this.#counters} VALUES ${values}`);
    this.#work = Promise.all(this.#counts.map((tally, index) => this.#client(index, tally)));
  }

  /** Resolves when every client has its last answer. */
  async stop(): Promise<void> {
    this.#ending.abort();
    await this.#work;
  }

  async verdict(): Promise<WorkloadVerdict> {
    const rows = await this.#stage.run(`SELECT token FROM ${this.#rows}`);
    const found = new Map<string, number>();
    for (const { token } of rows) found.set(String(token), (found.get(String(token)) ?? 0) + 1);
    const counters = await this.#stage.run(`SELECT id, n FROM ${this.#counters} ORDER BY id`);
    const miscounted = this.#counts.flatMap(({ acknowledged, unknown }, index) => {
      const n = Number(counters[index]?.['n']);
      if (n >= acknowledged && n <= acknowledged + unknown) return [];
      return [`client ${index}: ${n}, acknowledged ${acknowledged}, unknown ${unknown}`];
    });
    return {
      failures: this.#failures,
      lost: this.#lost,
      missing: this.#acknowledged.filter((token) => !found.has(token)),
      twice: [...found].filter(([, count]) => count > 1).map(([token]) => token),
      miscounted,
    };
  }

  async #client(index: number, tally: Tally): Promise<void> {
    let connection: Connection | undefined;
    for (let round = 0; !this.#ending.signal.aborted; round += 1) {
      connection ??= await this.#connect();
      if (connection === undefined) continue;
      if (await this.#round(connection, { token: `${index}-${round}`, index, tally })) continue;
      connection.destroy();
      connection = undefined;
    }
    connection?.destroy();
  }

  async #connect(): Promise<Connection | undefined> {
    try {
      const connection = await this.#stage.connect();
      // A loss shows at the next statement.
      connection.on('error', () => {});
      return connection;
    } catch (error) {
      if (!isConnectionLost(error)) this.#failures.push(`connect: ${messageOf(error)}`);
      await delay(reconnectMs);
      return undefined;
    }
  }

  /** False when the connection is lost. */
  async #round(
    connection: Connection,
    { token, index, tally }: { token: string; index: number; tally: Tally },
  ): Promise<boolean> {
    const count = `UPDATE ${this.#counters} SET n = n + 1 WHERE id = ${index}`;
    const insert = `INSERT INTO ${this.#rows} (token) VALUES ('${token}')`;
    const read = `SELECT id FROM ${this.#rows} WHERE token = '${token}'`;
    const steps = [
      { sql: insert, done: () => void this.#acknowledged.push(token) },
      { sql: read, done: (rows: RowDataPacket[]) => this.#expectOne(token, rows.length) },
      {
        sql: count,
        done: () => void (tally.acknowledged += 1),
        cut: () => void (tally.unknown += 1),
      },
    ];
    for (const { sql, done, cut } of steps) {
      try {
        const [rows] = await connection.query<RowDataPacket[]>(sql);
        done(rows);
      } catch (error) {
        if (isConnectionLost(error)) {
          this.#lost += 1;
          cut?.();
          return false;
        }
        this.#failures.push(`${sql}: ${messageOf(error)}`);
      }
    }
    return true;
  }

  /** A client reads its own writes, wherever it reads. */
  #expectOne(token: string, count: number): void {
    if (count !== 1) this.#failures.push(`${token} is read ${count} times after its OK`);
  }
}

/** True for what the driver itself says of a connection; a server's errors have an SQLSTATE. */
function isConnectionLost(error: unknown): boolean {
  const { code, sqlState } = error as { code?: string; sqlState?: string };
  const codes = ['PROTOCOL_CONNECTION_LOST', 'ECONNRESET', 'ECONNREFUSED', 'EPIPE'];
  return !sqlState && code !== undefined && codes.includes(code);
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);
