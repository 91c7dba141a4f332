import type { LoadFile } from '../log/load-file.ts';
import type { QueryAttribute } from '../protocol/query-attributes.ts';
import type { StmtBulkExecute } from '../protocol/stmt-bulk-execute.ts';
import type { Statement } from '../sql/statement.ts';
import type { Cursor } from './cursor.ts';
import type { NodeRequest } from './node-request.ts';

/** A modifying statement as the client sent it. */
export interface WriteRequest {
  readonly statement: Statement;
  /** Binary string; the one statement, without a closing semicolon. */
  readonly sql: string;
  /** SQL literals of a prepared statement's parameters; empty for plain text. */
  readonly parameters: readonly string[];
  /** Those of a read that was executed as prepared, should it turn out to be a write. */
  readonly readParameters?: () => readonly string[];
  readonly request: NodeRequest;
  /** What is bound may not be quite what its literal is where the statement has it. */
  readonly needsLiterals?: true;
  /** The session's schema when it was prepared. */
  readonly preparedIn?: string;
  /** What the client sent beside it, for mysql_query_attribute_string(). */
  readonly attributes?: readonly QueryAttribute[];
  /** The client asks for a cursor, which a read on a connection of its own can have. */
  readonly cursor?: Cursor;
  /** Many rows of parameters, to be executed for all of them; then it has no others. */
  readonly bulk?: Pick<StmtBulkExecute, 'rows'>;
  /** What LOAD DATA LOCAL loads, once the client has sent it. */
  readonly file?: LoadFile;
  /** CALL: indexes of parameters that the procedure gives back. */
  readonly outParameters?: ReadonlySet<number>;
}
