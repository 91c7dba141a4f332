import type { Duplex } from 'node:stream';
import mysql, { type FieldPacket, type ResultSetHeader } from 'mysql2/promise';
import { LockstepError } from '../base/errors.ts';
import type { SqlAccount } from '../access/http-sessions.ts';
import type { Config, UserConfig } from '../config/config.ts';
import { ownUser } from '../config/users-of.ts';
import type { QueryOutcome } from '../http/balancer-control.ts';
import { ServerError } from '../http/server-error.ts';
import type { AcceptedClient } from '../sessions/client-login.ts';
import type { MysqlListener } from '../sessions/mysql-listener.ts';
import type { Clock } from '../base/clock.ts';
import { duplexPair } from './duplex-pair.ts';

const rowsMax = 10_000;
const typeNames = mysql.Types as unknown as Record<number, string | undefined>;

export interface RunQuery {
  readonly sql: string;
  readonly schema?: string | undefined;
  readonly parameters?: readonly unknown[] | undefined;
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
  get ownUser(): string {
    return ownUser(this.#config).name;
  }

  /** Throws as a client is refused who cannot log in so. */
  async check(account: SqlAccount): Promise<void> {
    const [ours, theirs] = duplexPair();
    const session = this.#listener.accept(theirs);
    let connection: mysql.Connection | undefined;
    try {
      connection = await mysql.createConnection(this.#login(ours, { account }));
    } catch (error) {
      throw translate(error, session);
    } finally {
      connection?.destroy();
      ours.destroy();
      theirs.destroy();
    }
  }

  #login(
    stream: Duplex,
    { account, user, schema }: Omit<RunQuery, 'sql'>,
  ): mysql.ConnectionOptions {
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
      rowsAsArray: true,
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
    const [ours, theirs] = duplexPair();
    const session = this.#listener.accept(theirs);
    let connection: mysql.Connection | undefined;
    try {
      connection = await mysql.createConnection(this.#login(ours, query));
      const [result, fields] = query.parameters?.length
        ? await connection.execute(query.sql, query.parameters as never)
        : await connection.query(query.sql);
      return outcomeOf(result, fields, session, this.#clock.nowMs() - startedMs);
    } catch (error) {
      throw translate(error, session);
    } finally {
      connection?.destroy();
      ours.destroy();
      theirs.destroy();
    }
  }
}

function outcomeOf(
  result: unknown,
  fields: readonly FieldPacket[] | undefined,
  session: AcceptedClient,
  durationMs: number,
): Exclude<QueryOutcome, { kind: 'accepted' }> {
  const node = session.route?.node ?? '';
  if (Array.isArray(result)) {
    const rows = (result as unknown[][]).slice(0, rowsMax);
    return {
      kind: 'rows',
      columns: (fields ?? []).map((field) => ({
        name: field.name,
        type: typeNames[field.columnType ?? 0] ?? 'UNKNOWN',
      })),
      rows: rows.map((row) => row.map(plainValue)),
      rowCount: rows.length,
      truncated: result.length > rows.length,
      node,
      durationMs,
    };
  }
  const header = result as ResultSetHeader;
  return {
    kind: 'result',
    affectedRows: header.affectedRows,
    insertId: String(header.insertId),
    warnings: header.warningStatus,
    node,
    ...(session.route?.seq === undefined ? {} : { seq: session.route.seq }),
    durationMs,
  };
}

/** Binary values travel as hexadecimal text, since JSON has no bytes. */
const plainValue = (value: unknown): unknown =>
  Buffer.isBuffer(value) ? `0x${value.toString('hex')}` : value;

function translate(error: unknown, session: AcceptedClient): unknown {
  const failure = error as { errno?: number; sqlState?: string; sqlMessage?: string };
  const own = session.error;
  if (own instanceof LockstepError && failure.errno === own.errno) return own;
  if (failure.errno !== undefined && failure.sqlMessage !== undefined) {
    return new ServerError({
      errno: failure.errno,
      sqlState: failure.sqlState ?? 'HY000',
      message: failure.sqlMessage,
    });
  }
  return own instanceof LockstepError ? own : error;
}
