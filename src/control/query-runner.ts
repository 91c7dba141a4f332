import type { Duplex } from 'node:stream';
import mysql, { type Connection, type ConnectionOptions } from 'mysql2';
import { LockstepError } from '../base/errors.ts';
import type { SqlAccount } from '../access/http-sessions.ts';
import type { Config, UserConfig } from '../config/config.ts';
import { ownUser } from '../config/users-of.ts';
import type { QueryOutcome, RowSink } from '../http/balancer-control.ts';
import { ServerError } from '../http/server-error.ts';
import type { AcceptedClient } from '../sessions/accepted-client.ts';
import type { MysqlListener } from '../sessions/mysql-listener.ts';
import { type Clock, elapsedMs } from '../base/clock.ts';
import { duplexPair } from './duplex-pair.ts';
import { errorPosition } from './error-position.ts';
import { readAnswer } from './read-answer.ts';
import { RowTaker } from './row-taker.ts';

const rowsMaxDefault = 10_000;
const warningsMax = 64;
const interruptedErrno = 1317;

export interface RunQuery {
  readonly sql: string;
  readonly schema?: string | undefined;
  readonly parameters?: readonly unknown[] | undefined;
  readonly limit?: number | undefined;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly sink?: RowSink | undefined;
  /** It changes nothing, so it may be left before its end. */
  readonly mayStop?: boolean;
  /** With whose rights; unless given, the first user's. */
  readonly account?: SqlAccount | undefined;
  /** The same by name, of a configured user: nothing secret has to be written down. */
  readonly user?: string | undefined;
}

/**
 * Runs SQL as a client would, through a session of its own inside the process, with the rights
 * of a database user.
 */
export class QueryRunner {
  readonly #listener: MysqlListener;
  readonly #config: Config;
  readonly #clock: Clock;

  constructor(options: { listener: MysqlListener; config: Config; clock: Clock }) {
    this.#listener = options.listener;
    this.#config = options.config;
    this.#clock = options.clock;
  }

  /** As whom SQL is run that names nobody. */
  get ownAccount(): SqlAccount {
    return ownUser(this.#config);
  }

  #login(stream: Duplex, { account, user, schema }: Omit<RunQuery, 'sql'>): ConnectionOptions {
    const { name, password } = account ?? this.#userNamed(user) ?? ownUser(this.#config);
    return {
      stream: () => stream,
      // A caller over HTTP has no files to give.
      flags: ['-LOCAL_FILES'],
      user: name,
      password,
      supportBigNumbers: true,
      bigNumberStrings: false,
      dateStrings: true,
      ...(schema === undefined ? {} : { database: schema }),
    };
  }

  #userNamed(name: string | undefined): UserConfig | undefined {
    if (name === undefined) return undefined;
    const { users } = this.#config;
    const known = typeof users === 'string' ? undefined : users.find((one) => one.name === name);
    if (known) return known;
    throw new LockstepError('access_denied', `"${name}" is none of the configured users any more`);
  }

  async run(query: RunQuery): Promise<Exclude<QueryOutcome, { kind: 'accepted' }>> {
    const startedMs = this.#clock.nowMs();
    return this.#connected(query, async (connection, session) => {
      const taker = new RowTaker({ limit: query.limit ?? rowsMaxDefault, sink: query.sink });
      let node = '';
      const answer = await this.#within(query, session, () =>
        readAnswer(connection, {
          sql: query.sql,
          parameters: query.parameters,
          taker,
          onColumns: async (columns) => {
            node = session.runsOn ?? '';
            await query.sink?.begin(columns, node);
          },
          mayStop: query.mayStop ?? false,
        }),
      );
      await taker.flush();
      // Asking for the warnings is a statement too, which runs somewhere itself.
      const { route, warnings } = session;
      const stopped = taker.truncated && query.mayStop;
      const warningList = warnings > 0 && !stopped ? await readWarnings(connection) : [];
      const common = {
        node: route?.node ?? node,
        durationMs: elapsedMs(this.#clock, startedMs),
        warnings,
        ...(warningList.length === 0 ? {} : { warningList }),
      };
      if (answer.kind === 'rows') {
        const { count: rowCount, truncated, kept: rows } = taker;
        return { kind: 'rows', columns: answer.columns, rows, rowCount, truncated, ...common };
      }
      const { affectedRows, insertId } = answer.header;
      const logged = route?.seq === undefined ? {} : { seq: route.seq };
      return { kind: 'result', affectedRows, insertId: String(insertId), ...logged, ...common };
    });
  }

  /** Ends the statement when its time is over, or when nobody waits for what it reads. */
  async #within<T>(
    { timeoutMs, signal, mayStop }: RunQuery,
    session: AcceptedClient,
    run: () => Promise<T>,
  ): Promise<T> {
    let late = false;
    const end = (): void => {
      late = true;
      session.interrupt();
    };
    const timer = timeoutMs === undefined ? undefined : this.#clock.after(timeoutMs, end);
    let leave = (): void => undefined;
    const left = new Promise<never>((_resolve, reject) => {
      leave = () => reject(new Error('nobody waits for the answer any more'));
    });
    if (mayStop) signal?.addEventListener('abort', leave);
    try {
      return await Promise.race([run(), left]);
    } catch (cause) {
      if (!late || (cause as { errno?: number }).errno !== interruptedErrno) throw cause;
      const message = `the statement was ended after ${timeoutMs} ms`;
      throw new LockstepError('query_timeout', message, { cause });
    } finally {
      timer?.cancel();
      signal?.removeEventListener('abort', leave);
    }
  }

  /** Throws as a client is refused who cannot log in so. */
  check(account: SqlAccount): Promise<void> {
    return this.#connected({ sql: '', account }, () => Promise.resolve());
  }

  /** Works on a connection of its own, which has logged in. */
  async #connected<T>(
    query: RunQuery,
    work: (connection: Connection, session: AcceptedClient) => Promise<T>,
  ): Promise<T> {
    const [ours, theirs] = duplexPair();
    const session = this.#listener.accept(theirs);
    let connection: Connection | undefined;
    try {
      connection = mysql.createConnection(this.#login(ours, query));
      await connected(connection);
      return await work(connection, session);
    } catch (error) {
      throw translate(error, session, query.sql);
    } finally {
      connection?.destroy();
      ours.destroy();
      theirs.destroy();
    }
  }
}

const connected = (connection: Connection): Promise<void> =>
  new Promise((resolve, reject) => {
    connection.on('error', reject);
    connection.connect((error) => {
      if (error) reject(error);
      else resolve();
    });
  });

async function readWarnings(connection: Connection) {
  const taker = new RowTaker({ limit: warningsMax, sink: undefined });
  const sql = 'SHOW WARNINGS';
  const onColumns = (): Promise<void> => Promise.resolve();
  await readAnswer(connection, { sql, parameters: undefined, taker, onColumns, mayStop: false });
  return taker.kept.map(([level, code, message]) => ({
    level: String(level),
    code: Number(code),
    message: String(message),
  }));
}

function translate(error: unknown, session: AcceptedClient, sql: string): unknown {
  if (error instanceof LockstepError) return error;
  const failure = error as { errno?: number; sqlState?: string; sqlMessage?: string };
  const own = session.error;
  if (own instanceof LockstepError && failure.errno === own.errno) return own;
  if (failure.errno !== undefined && failure.sqlMessage !== undefined) {
    const { errno, sqlMessage: message, sqlState = 'HY000' } = failure;
    const position = errorPosition(sql, { errno, message });
    const place = position === undefined ? {} : { position };
    return new ServerError({ errno, sqlState, message, ...place });
  }
  return own instanceof LockstepError ? own : error;
}
