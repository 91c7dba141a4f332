import type { NodeConnection } from '../nodes/node-connection.ts';
import { queryRows } from '../nodes/query-rows.ts';
import { Lexer } from '../sql/lexer.ts';
import type { LexMode } from '../sql/lex-mode.ts';
import { isOperator, isWord } from '../sql/token.ts';

/** The user-level locks (GET_LOCK) that a session may hold, as far as its texts tell. */
export class UserLocks {
  /** The names as SQL literals, binary strings. */
  readonly #names = new Set<string>();
  /** A lock was taken whose name only the server knows. */
  #unnamed = false;

  /** A statement was run that uses such locks. */
  note(sql: string, mode: LexMode): void {
    const tokens = new Lexer(sql, mode).run();
    for (const [index, token] of tokens.entries()) {
      if (isWord(token, 'RELEASE_ALL_LOCKS')) this.clear();
      if (!isWord(token, 'GET_LOCK') || !isOperator(tokens[index + 1], '(')) continue;
      const name = tokens[index + 2];
      if (name?.kind === 'string' && isOperator(tokens[index + 3], ',')) {
        this.#names.add(sql.slice(name.start, name.end));
      } else this.#unnamed = true;
    }
  }

  /** Whether the session still holds one, which its connection is asked. */
  async held(connection: NodeConnection): Promise<boolean> {
    if (this.#unnamed) return true;
    for (const name of this.#names) {
      const [row] = await queryRows(
        connection,
        `SELECT IS_USED_LOCK(${name})=${connection.threadId} AS mine LIMIT 1`,
        { latin1: true },
      );
      if (row?.['mine'] !== '1') this.#names.delete(name);
    }
    return this.#names.size > 0;
  }

  clear(): void {
    this.#names.clear();
    this.#unnamed = false;
  }
}
