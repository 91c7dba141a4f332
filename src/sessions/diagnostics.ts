import type { NodeConnection } from '../nodes/node-connection.ts';
import { decodeErr, type ErrPacket } from '../protocol/err-packet.ts';
import { decodeOk } from '../protocol/ok-packet.ts';
import { eofWarnings, okWarnings } from '../protocol/quick-fields.ts';
import type { Terminal } from '../protocol/response-sink.ts';
import type { Flavor } from '../nodes/server-facts.ts';
import type { Statement } from '../sql/statement.ts';
import { askConditions, askFoundRows, type Condition, type Raised } from './ask-conditions.ts';
import type { FoundRows } from './found-rows.ts';

interface DiagnosticsSnapshot {
  readonly conditions: readonly Condition[];
  readonly warningCount: number;
  readonly errorCount: number;
  readonly rowCount: number | bigint;
  readonly error: Pick<ErrPacket, 'errno' | 'sqlState'> | undefined;
}

/**
 * States of what is seldom an error of its own. Source: MySQL `share/messages_to_clients.txt`,
 * MariaDB `sql/share/errmsg-utf8.txt`.
 */
const sqlStates: ReadonlyMap<number, string> = new Map([
  [1048, '23000'],
  [1050, '42S01'],
  [1051, '42S02'],
  [1062, '23000'],
  [1146, '42S02'],
  [1264, '22003'],
  [1265, '01000'],
  [1292, '22007'],
  [1305, '42000'],
  [1365, '22012'],
  [1406, '22001'],
  [1441, '22008'],
  [1452, '23000'],
  [1642, '01000'],
  [1643, '02000'],
  [1758, '35000'],
  [3020, '2201E'],
]);
/** MySQL has none for ER_TRUNCATED_WRONG_VALUE_FOR_FIELD. */
const ofMariadb: ReadonlyMap<number, string> = new Map([[1366, '22007']]);

type FoundCount = number | bigint;

/**
 * What a session's latest statement left behind for SHOW WARNINGS, ROW_COUNT() and FOUND_ROWS(),
 * whichever connection it ran on.
 *
 * The conditions stay on that connection until somebody needs them or it: they are read when the
 * session asks, or just ahead of what the connection does next. Most sessions never ask, and then
 * most connections are not used before the session's next statement makes them void.
 */
export class Diagnostics {
  #conditions: readonly Condition[] = [];
  #warningCount = 0;
  /** Of those that were counted, also where none is kept (`max_error_count`). */
  #errorCount = 0;
  /** What the latest statement raised itself. */
  #raised = 0;
  /** That is all there is: an error's packet does not tell how much else was raised. */
  #raisedAll = false;
  #rowCount: number | bigint = 0;
  /** A promise where a connection is being asked. */
  #foundRows: FoundCount | Promise<FoundCount> = 0;
  #foundLater: FoundCount | undefined;
  /** The latest error's own state, which SHOW WARNINGS does not tell. */
  #error: Pick<ErrPacket, 'errno' | 'sqlState'> | undefined;
  #unread: NodeConnection | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  /** Answers that arrive for an earlier statement are dropped. */
  #generation = 0;
  #begunAs = 0;
  #keeps = false;
  #noted = false;
  readonly #max: () => number;

  /** `max`: how many conditions the session keeps; others are only counted (`max_error_count`). */
  constructor(max: () => number) {
    this.#max = max;
  }

  get warningCount(): number {
    return this.#warningCount;
  }

  /** `@@error_count`, of what has been read by `conditions`. */
  get errorCount(): number {
    const errors = this.#conditions.filter(({ level }) => level === 'Error').length;
    return Math.max(this.#errorCount, errors);
  }

  /** What COM_INIT_DB tells on MySQL: those that the statement before has raised itself. */
  get raised(): number {
    return this.#raisedAll ? this.#warningCount : this.#raised;
  }

  /** ROW_COUNT(): rows affected, -1 after rows and after errors. */
  get rowCount(): number | bigint {
    return this.#rowCount;
  }

  /** Something was noted of the statement under way. */
  get noted(): boolean {
    return this.#noted;
  }

  async foundRows(): Promise<FoundCount> {
    return this.#foundRows;
  }

  async conditions(): Promise<readonly Condition[]> {
    this.read();
    await this.#reading;
    return this.#conditions;
  }

  /**
   * A statement begins. MariaDB keeps the conditions of the one before when this one names no
   * table and raises none itself; MySQL drops them (seen on both).
   */
  begin(statement: Statement, flavor: Flavor): void {
    this.#noted = false;
    this.#raised = 0;
    this.#raisedAll = false;
    this.#keeps = keeps(statement, flavor);
    if (this.#keeps) this.read();
    else this.#forget();
    this.#begunAs = this.#generation;
  }

  /** The statement that began prepares or executes this one, whose tables count. */
  means(statement: Statement, flavor: Flavor): void {
    if (!this.#keeps || keeps(statement, flavor)) return;
    this.#keeps = false;
    this.#forget();
  }

  /** Preparing makes void what was left behind by the statement before, as executing does. */
  notePrepared(
    statement: Statement,
    flavor: Flavor,
    { warnings, connection }: { readonly warnings: number; readonly connection: NodeConnection },
  ): void {
    this.begin(statement, flavor);
    if (warnings > 0) this.#leaveOn(connection, warnings);
  }

  /** A node's answer ended so; what it raised is still on `connection`, if on any. */
  note(
    end: Terminal,
    connection: NodeConnection | undefined,
    found: FoundRows = { kind: 'counted' },
  ): void {
    this.#noted = true;
    if (found.kind === 'known') this.noteFound(found.rows);
    if (found.kind === 'settled') this.settleFound();
    if (end.type === 'err') this.noteError(decodeErr(end.payload));
    else {
      const warnings = warningsOf(end);
      if (end.type === 'ok') this.#rowCount = decodeOk(end.payload, 0).affectedRows;
      else {
        this.#rowCount = -1;
        if (found.kind === 'counted') this.noteFound(end.rows);
      }
      if (warnings === 0 && this.#keeps) return;
      this.#forget();
      this.#warningCount = warnings;
      this.#raised = warnings;
      if (warnings === 0) return;
    }
    if (connection) this.#leaveOn(connection, this.#warningCount);
  }

  /** As `note`, of a statement behind which the conditions were asked for at once. */
  noteAsked(end: Terminal, asked: Promise<Raised | undefined> | undefined): void {
    this.note(end, undefined);
    if (asked && (end.type === 'err' || this.#warningCount > 0)) this.#await(asked);
  }

  /** COM_INIT_DB: it makes void nothing of what was there; MySQL counts its error beside that. */
  async noteInitDb(end: Terminal, flavor: Flavor): Promise<void> {
    this.#noted = true;
    this.#rowCount = end.type === 'err' ? -1 : 0;
    if (end.type !== 'err') return;
    const error = decodeErr(end.payload);
    if (flavor !== 'mysql') return this.noteError(error);
    const conditions = await this.conditions();
    const [warnings, errors, raised] = [this.#warningCount, this.errorCount, this.raised];
    this.noteError(error);
    this.#raisedAll = false;
    this.#conditions = [...conditions, ...this.#conditions];
    this.#warningCount += warnings;
    this.#errorCount += errors;
    this.#raised += raised;
  }

  /** Lockstep answered OK by itself, perhaps with a warning. */
  noteOk(): void {
    this.#noted = true;
    this.#rowCount = 0;
    if (!this.#keeps && this.#raised === 0) this.#forget();
  }

  /** The client is told of this error. */
  noteError({ errno, sqlState, message }: ErrPacket): void {
    this.#forget();
    this.#error = { errno, sqlState };
    this.#noted = true;
    this.#rowCount = -1;
    this.#warningCount = 1;
    this.#errorCount = 1;
    this.#raised = 1;
    this.#raisedAll = true;
    if (this.#max() === 0) return;
    const bytes = Buffer.from(message, 'utf8').toString('latin1');
    this.#conditions = [{ level: 'Error', code: errno, message: bytes }];
  }

  /** SHOW WARNINGS and its like: nothing changes but ROW_COUNT(); their COUNT(*) is a row. */
  noteShown(counts: boolean): void {
    this.#noted = true;
    this.#rowCount = -1;
    if (counts) this.noteFound(1);
  }

  /** The conditions are others than when the statement under way began. */
  get changed(): boolean {
    return this.#generation !== this.#begunAs;
  }

  /** Nothing of what was there is left. */
  drop(): void {
    this.#forget();
  }

  /** Of what has been read by `conditions`. */
  snapshot(): DiagnosticsSnapshot {
    return {
      conditions: this.#conditions,
      warningCount: this.#warningCount,
      errorCount: this.#errorCount,
      rowCount: this.#rowCount,
      error: this.#error,
    };
  }

  /** As if nothing had run since. */
  restore(before: DiagnosticsSnapshot): void {
    this.#forget();
    this.#conditions = before.conditions;
    this.#warningCount = before.warningCount;
    this.#errorCount = before.errorCount;
    this.#rowCount = before.rowCount;
    this.#error = before.error;
  }

  /** A plain read was answered with so many rows, by another process. */
  noteRead(rows: number): void {
    this.#forget();
    this.#noted = true;
    this.#rowCount = -1;
    this.noteFound(rows);
  }

  /** ROW_COUNT() is this, whatever ran meanwhile. */
  noteRowCount(rows: number | bigint): void {
    this.#rowCount = rows;
  }

  /** FOUND_ROWS() is this, after a statement without rows of its own. */
  noteFound(rows: FoundCount | Promise<FoundCount>): void {
    this.#foundRows = rows;
    this.#foundLater = undefined;
  }

  /** What an UPDATE has counted that failed: MySQL tells it behind the next write (seen on 9.7). */
  noteFoundLater(rows: FoundCount): void {
    this.#foundLater = rows;
  }

  settleFound(): void {
    if (this.#foundLater !== undefined) this.noteFound(this.#foundLater);
  }

  /** These were raised before those that are there, or are being asked for. */
  precede(conditions: readonly Condition[]): void {
    if (conditions.length === 0) return;
    this.#warningCount += conditions.length;
    this.#raised += conditions.length;
    const mine = this.#generation;
    this.#reading = this.#reading.then(() => {
      if (mine === this.#generation) this.#conditions = [...conditions, ...this.#conditions];
    });
  }

  /** One more, beside those that are there. */
  raise(condition: Condition): void {
    this.#noted = true;
    if (this.#conditions.length < this.#max()) this.#conditions = [...this.#conditions, condition];
    this.#warningCount += 1;
    this.#raised += 1;
    if (condition.level === 'Error') this.#errorCount += 1;
  }

  sqlStateOf({ code }: Condition, flavor: Flavor): string {
    if (this.#error?.errno === code) return this.#error.sqlState;
    const own = flavor === 'mariadb' ? ofMariadb.get(code) : undefined;
    return own ?? sqlStates.get(code) ?? 'HY000';
  }

  /** Has the conditions sent before anything else is done on their connection. */
  read(): void {
    const connection = this.#unread;
    if (!connection) return;
    this.#unread = undefined;
    connection.readLeft = undefined;
    this.#await(askConditions(connection, this.#errorCount > 0));
  }

  /** Has the connection tell what the statement just run would have found without LIMIT. */
  readFoundRows(connection: NodeConnection): void {
    const before = this.#foundRows;
    this.noteFound(askFoundRows(connection).then((found) => found ?? before));
  }

  /**
   * The session starts afresh; FOUND_ROWS() stays what it was (seen on both servers). MariaDB drops
   * what it has kept, and where that is nothing it leaves what it has counted (seen on 10.11).
   */
  async clear(flavor: Flavor): Promise<void> {
    const counted = this.#warningCount > 0 && flavor === 'mariadb';
    if (!counted || (await this.conditions()).length > 0) this.#forget();
    this.#rowCount = 0;
  }

  #await(asked: Promise<Raised | undefined>): void {
    const mine = this.#generation;
    const uncounted = this.#errorCount > 0;
    const taken = asked.then((raised) => {
      if (!raised || mine !== this.#generation) return;
      const { conditions, counts } = raised;
      this.#conditions = conditions;
      if (counts) this.#errorCount = counts.errors;
      if (counts) this.#warningCount = counts.warnings;
      else if (uncounted) this.#warningCount = Math.max(this.#warningCount, conditions.length);
    });
    this.#reading = Promise.all([this.#reading, taken]);
  }

  #leaveOn(connection: NodeConnection, warnings: number): void {
    this.#warningCount = warnings;
    this.#raised = warnings;
    this.#unread = connection;
    connection.readLeft = this.#readLeft;
  }

  readonly #readLeft = (): Promise<unknown> => {
    this.read();
    return this.#reading;
  };

  #forget(): void {
    this.#generation += 1;
    if (this.#unread) this.#unread.readLeft = undefined;
    this.#unread = undefined;
    this.#conditions = [];
    this.#warningCount = 0;
    this.#errorCount = 0;
    this.#raised = 0;
    this.#raisedAll = false;
  }
}

const keeps = ({ kind, tables, verb }: Statement, flavor: Flavor): boolean =>
  kind === 'show_session' ||
  (flavor === 'mariadb' && tables.length === 0 && !verb.startsWith('SHOW'));

export function warningsOf(end: Terminal): number {
  return end.type === 'eof' ? eofWarnings(end.payload) : okWarnings(end.payload);
}
