import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise';

/** A number below `bound`. */
export type Pick = (bound: number) => number;

interface ErrorLike {
  readonly errno?: number;
  readonly sqlState?: string;
  readonly fatal?: boolean;
  readonly code?: string;
  readonly message: string;
}

/** Deadlock (and a leader that was lost), lock wait timeout: nothing of it has happened. */
const givenUp: ReadonlySet<number> = new Set([1213, 1205]);
/** Of Lockstep's own errors: too few nodes were there to try it at all. */
const notTried = '08S01';

/**
 * What became of an attempt: `rolled_back` is a conflict that servers solve by refusing one side,
 * `lost` a connection that broke, so that the client was told nothing.
 */
export type Fate = 'done' | 'rolled_back' | 'lost';

/** One client. Whoever loses its connection comes back as another session. */
export class IsolationClient {
  readonly #connect: () => Promise<Connection>;
  readonly #newSession: () => number;
  #connection!: Connection;
  session = 0;
  /** How often its connection broke. */
  lost = 0;

  private constructor(connect: () => Promise<Connection>, newSession: () => number) {
    this.#connect = connect;
    this.#newSession = newSession;
  }

  static async open(
    connect: () => Promise<Connection>,
    newSession: () => number,
  ): Promise<IsolationClient> {
    const client = new IsolationClient(connect, newSession);
    await client.#begin();
    return client;
  }

  async #begin(): Promise<void> {
    this.#connection = await this.#connect();
    // An idle connection that breaks says so in an event, and again at its next use.
    this.#connection.on('error', () => {});
    this.session = this.#newSession();
  }

  close(): void {
    this.#connection.destroy();
  }

  /** Throws an error that is not to be expected. */
  async attempt(work: () => Promise<void>): Promise<Fate> {
    try {
      await work();
      return 'done';
    } catch (error) {
      const { errno = 0, sqlState, fatal = false, code = '' } = error as ErrorLike;
      if (givenUp.has(errno) || (errno === 1105 && sqlState === notTried)) {
        await this.#connection.query('ROLLBACK');
        return 'rolled_back';
      }
      if (!fatal && code !== 'ECONNRESET' && code !== 'EPIPE') throw error;
      this.lost++;
      this.#connection.destroy();
      await this.#begin();
      return 'lost';
    }
  }

  /** As text or prepared. */
  async rows(sql: string, values: readonly number[], prepared: boolean): Promise<RowDataPacket[]> {
    const [rows] = prepared
      ? await this.#connection.execute<RowDataPacket[]>(sql, [...values])
      : await this.#connection.query<RowDataPacket[]>(sql, [...values]);
    return rows;
  }

  /** How many rows it changed. */
  async change(
    sql: string,
    values: readonly (number | string)[],
    prepared: boolean,
  ): Promise<number> {
    const [result] = prepared
      ? await this.#connection.execute<ResultSetHeader>(sql, [...values])
      : await this.#connection.query<ResultSetHeader>(sql, [...values]);
    return result.affectedRows;
  }

  async run(sql: string): Promise<void> {
    await this.#connection.query(sql);
  }
}
