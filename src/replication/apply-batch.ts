import type { Seq } from '../base/brands.ts';
import { beyondAscii, readAsUtf8 } from '../sql/name-charset.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { renderWithParameters } from '../sql/render-parameters.ts';
import type { Command, CommandContext } from './command.ts';
import type { Entry } from './entry.ts';
import { moveStatement } from './position-statements.ts';

/** Which statement of a batch an answer belongs to. */
export type BatchSlot =
  | { readonly kind: 'frame' }
  /** Moves the node's position, if it is where it should be. */
  | { readonly kind: 'position' }
  | { readonly kind: 'command'; readonly entry: Entry; readonly command: Command };

/** Several entries as one multi-statement packet that the server runs as one transaction. */
export interface ApplyBatch {
  readonly entries: readonly Entry[];
  /** In order; binary strings: one character is one byte. */
  readonly statements: readonly string[];
  /** One slot for each statement. */
  readonly slots: readonly BatchSlot[];
  /** What the connection carries afterwards, if everything succeeded. */
  readonly context: CommandContext;
  readonly position: Seq;
}

/** From where to where a batch brings a node. */
export interface Step {
  readonly from: Seq;
  readonly to: Seq;
}

const frame: BatchSlot = { kind: 'frame' };

/**
 * Renders entries for a follower. A multi-statement packet stops at the first error, so the
 * COMMIT at its end runs only if everything before it did.
 */
export function renderBatch(
  entries: readonly Entry[],
  current: CommandContext | undefined,
  step: Step,
): ApplyBatch {
  const parts: string[] = ['BEGIN'];
  const slots: BatchSlot[] = [frame];
  let context = current;
  for (const entry of entries) {
    for (const command of entry.commands) {
      const prelude = renderPrelude(command, context);
      for (const sql of prelude) {
        parts.push(sql);
        slots.push(frame);
      }
      context = command.context;
      parts.push(renderCommand(command));
      slots.push({ kind: 'command', entry, command });
    }
  }
  parts.push(moveStatement(step.from, step.to), 'COMMIT');
  slots.push({ kind: 'position' }, frame);
  return {
    entries,
    statements: parts,
    slots,
    context: context ?? { schema: '', settings: '' },
    position: step.to,
  };
}

/** A statement may end in a line comment, so the separator goes on a line of its own. */
export const statementSeparator = '\n;';

/** What must be set before a command, given what the connection carries already. */
export function renderPrelude(command: Command, current: CommandContext | undefined): string[] {
  const { schema, settings } = command.context;
  const statements: string[] = [];
  const moves = schema !== '' && schema !== current?.schema;
  const asUtf8 = moves && beyondAscii(schema);
  if (asUtf8) statements.push(`SET ${readAsUtf8}`);
  if (moves) statements.push(`USE ${quoteIdentifier(schema)}`);
  if (settings !== '' && (asUtf8 || settings !== current?.settings)) statements.push(settings);
  const pins = renderPins(command.pins);
  if (beyondAscii(pins)) {
    const [charset = readAsUtf8] = /\bcharacter_set_client='?\w+'?/.exec(settings) ?? [];
    statements.push(`SET ${readAsUtf8}`, pins, `SET ${charset}`);
  } else if (pins !== '') statements.push(pins);
  return statements;
}

export function renderCommand(command: Command): string {
  if (command.parameters.length === 0) return command.sql;
  return renderWithParameters(command.sql, command.parameterOffsets, command.parameters);
}

/** The pins as one SET statement, '' for none. They stay set until used: set them each time. */
export function renderPins(pins: Command['pins']): string {
  const assignments: string[] = [];
  if (pins.timestamp !== undefined) assignments.push(`timestamp=${pins.timestamp}`);
  if (pins.insertId !== undefined) assignments.push(`insert_id=${pins.insertId}`);
  if (pins.lastInsertId !== undefined) assignments.push(`last_insert_id=${pins.lastInsertId}`);
  if (pins.randSeed1 !== undefined) assignments.push(`rand_seed1=${pins.randSeed1}`);
  if (pins.randSeed2 !== undefined) assignments.push(`rand_seed2=${pins.randSeed2}`);
  for (const [name, literal] of pins.userVariables ?? []) {
    assignments.push(`@${quoteIdentifier(name)}=${literal}`);
  }
  return assignments.length === 0 ? '' : `SET ${assignments.join(',')}`;
}
