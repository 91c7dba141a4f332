import type { LoadFile } from '../log/load-file.ts';

/**
 * One modifying statement with all that makes it repeatable on another node: the text (or
 * prepared text and parameters), the session context it ran in, and the pins.
 *
 * All SQL is kept as a binary string: one character is one byte, in the character set that
 * `context.settings` names.
 */
export interface Command {
  readonly sql: string;
  /** SQL literals for the `?` markers of a prepared text, in order; empty for plain text. */
  readonly parameters: readonly string[];
  /** Byte offsets of the `?` markers that `parameters` fill. */
  readonly parameterOffsets: readonly number[];
  readonly context: CommandContext;
  readonly pins: Pins;
  /** What the leader answered; undefined where the statement's answer cannot be compared. */
  readonly result: CommandResult;
  /** What LOAD DATA LOCAL asks for: every node is sent the same bytes. */
  readonly file?: LoadFile | undefined;
}

export interface CommandContext {
  /** Default schema, or '' for none. */
  readonly schema: string;
  /** One `SET …` statement that fixes every session variable a write can depend on. */
  readonly settings: string;
}

/** Values fixed before execution so that every node computes the same. */
export interface Pins {
  /** `SET timestamp`: seconds since 1970 with microseconds, as a decimal literal. */
  readonly timestamp?: string;
  /** First value the leader's server generated for AUTO_INCREMENT. */
  readonly insertId?: string;
  /** What LAST_INSERT_ID() means when the statement begins. */
  readonly lastInsertId?: string;
  readonly randSeed1?: string;
  readonly randSeed2?: string;
  /** User variables that the statement reads: name (without @) and SQL literal. */
  readonly userVariables?: readonly (readonly [name: string, literal: string])[];
}

export interface CommandResult {
  readonly affectedRows: number;
  /** As the OK packet says: decimal digits, '0' for none. */
  readonly insertId: string;
  /** 0 for success; DDL may fail and still have changed something. */
  readonly errno: number;
  /** How affected rows compare between nodes; see compare-results. */
  readonly comparable: Comparable;
}

/**
 * - `exact`: affected rows and insert id must be equal;
 * - `matched`: UPDATE, where the matched count (as with CLIENT_FOUND_ROWS) must be equal;
 * - `status`: only success or the error number is compared.
 */
export const comparables = ['exact', 'matched', 'status'] as const;
export type Comparable = (typeof comparables)[number];
