import { LockstepError } from '../base/errors.ts';
import { NodeQueryError } from '../nodes/query-rows.ts';
import type { LexMode } from '../sql/lex-mode.ts';
import type { Statement } from '../sql/statement.ts';

/** What `PREPARE name FROM …` prepared. */
export interface NamedStatement {
  /** Binary string. */
  readonly sql: string;
  readonly statement: Statement;
  /** The session's schema when it was prepared. */
  readonly schema: string;
  /** And its settings. */
  readonly settings: ReadonlyMap<string, string>;
  readonly mode: LexMode;
}

/** A session's statements prepared by text: they outlive any node connection. */
export class NamedStatements {
  readonly #statements = new Map<string, NamedStatement>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  set(name: string, statement: NamedStatement): void {
    if (this.#statements.size >= this.#max && !this.#statements.has(name)) {
      throw new LockstepError(
        'queue_full',
        `${this.#max} statements are prepared (limits.prepared_statements_per_session)`,
      );
    }
    this.#statements.set(name, statement);
  }

  /** Throws the servers' error for a name that is not there. */
  get(name: string): NamedStatement {
    const statement = this.#statements.get(name);
    if (!statement) throw unknown(name, 'EXECUTE');
    return statement;
  }

  /** False when it was not there. */
  delete(name: string): boolean {
    return this.#statements.delete(name);
  }

  deallocate(name: string): void {
    if (!this.delete(name)) throw unknown(name, 'DEALLOCATE PREPARE');
  }

  clear(): void {
    this.#statements.clear();
  }
}

/** ER_UNKNOWN_STMT_HANDLER; `name` is a binary string. */
function unknown(name: string, verb: string): NodeQueryError {
  const shown = Buffer.from(name, 'latin1').toString('utf8');
  const message = `Unknown prepared statement handler (${shown}) given to ${verb}`;
  return new NodeQueryError(1243, 'HY000', message);
}
