import type { LockstepError } from '../base/errors.ts';
import { commandPacket, type NodeConnection } from '../nodes/node-connection.ts';
import { queryRows } from '../nodes/query-rows.ts';
import { CommandByte } from '../protocol/commands.ts';
import { insertShape } from '../sql/insert-shape.ts';
import { renderWithParameters } from '../sql/render-parameters.ts';
import { replaceSpans, type SpanReplacement } from '../sql/replace-spans.ts';
import { type SequenceUse, sequenceUses } from '../sql/sequence-uses.ts';
import { refusal, unsafe, type WriteFacts } from './check-write.ts';
import type { Condition } from './ask-conditions.ts';
import { determineByKeys } from './determine-by-keys.ts';
import { addDefaults, determineRows } from './determine-rows.ts';
import { plainRequest } from './node-request.ts';
import { textExecution } from './prepared-statement.ts';
import { selectForWrite } from './select-for-write.ts';
import type { SessionCore } from './session-core.ts';
import type { WriteRequest } from './write-request.ts';

/** A write rewritten so that its text computes the same on every node. */
export interface DeterminedWrite {
  readonly write: WriteRequest;
  /** It meets no rows: it is run for its answer and not logged. */
  readonly changesNothing: boolean;
  /** Statements that must be logged before it (sequences move forward). */
  readonly logBefore: readonly string[];
  /** What was raised when it was determined. */
  readonly raised: readonly Condition[];
  /** What is logged instead of it, where only that matters. */
  readonly logOnly?: true;
}

/** The text of a write under way to being the same everywhere. */
export interface Rewriting {
  readonly core: SessionCore;
  /** The leader's, inside the transaction, in the session's state, pins set. */
  readonly connection: NodeConnection;
  readonly facts: WriteFacts;
  readonly write: WriteRequest;
  /** Binary string without parameters. */
  readonly sql: string;
  /** What has been raised so far. */
  readonly raised: Condition[];
}

const changesRows = /^(?:INSERT|REPLACE|UPDATE|DELETE)$/;
const textBytesMax = 8 * 1024 * 1024;
/** Of one SELECT; the servers take 4,096. */
const columnsMax = 1000;

/**
 * Evaluates on the leader what would differ between nodes, and writes it into the text. Throws
 * LockstepError('unsafe_statement') for what has no such form, NodeQueryError when the leader
 * refuses a part of it.
 */
export async function determineWrite(
  core: SessionCore,
  connection: NodeConnection,
  write: WriteRequest,
  facts: WriteFacts,
): Promise<DeterminedWrite> {
  const flat = flatten(write);
  const { lexMode } = core;
  const sequences = write.statement.usesSequence ? sequenceUses(flat, lexMode) : [];
  const defaultSequences = facts.effects.targets.flatMap((target) =>
    target.unstableDefaults.flatMap(({ expression }) => sequenceUses(expression, lexMode)),
  );
  const names = new Set([...sequences, ...defaultSequences].map(({ sequence }) => sequence));
  const logBefore = () => positionsOf(connection, names);
  if (sequences.length > 0 && !changesRows.test(write.statement.verb)) {
    if (write.statement.userVariablesAssigned.length > 0) throw setFromSequence();
    return { write, changesNothing: false, logBefore: [...names], raised: [], logOnly: true };
  }
  const raised: Condition[] = [];
  const begun = { core, connection, facts, write, sql: flat, raised };
  const sql = await withLiterals(begun, sequences);
  const rewriting = { ...begun, sql };
  const result = await rewrite(rewriting);
  if (result.sql.length > textBytesMax) {
    throw unsafe(
      `${write.statement.verb} would be logged as ${result.sql.length} bytes of rows or keys`,
      'run it in smaller parts, for example by ranges of the primary key',
    );
  }
  return {
    write: asText(write, result.sql),
    changesNothing: result.changesNothing,
    logBefore: await logBefore(),
    raised,
  };
}

/** What is set would stay behind on one connection. */
export const setFromSequence = (): LockstepError =>
  unsafe(
    'a user variable cannot be set from a sequence, which must move forward on every node',
    'SELECT the value, then SET the variable to it',
  );

export interface Rewritten {
  readonly sql: string;
  readonly changesNothing: boolean;
}

async function rewrite(rewriting: Rewriting): Promise<Rewritten> {
  switch (rewriting.facts.way) {
    case 'keys':
      return determineByKeys(rewriting);
    case 'rows':
      return determineRows(rewriting);
    case 'literals':
    case 'as_is':
      return { sql: await addDefaults(rewriting), changesNothing: false };
  }
}

/** The write as this text without parameters. */
export function asText(write: WriteRequest, sql: string): WriteRequest {
  const packet = commandPacket(CommandByte.QUERY, Buffer.from(sql, 'latin1'));
  const request = givesRows(write) ? textExecution(sql) : plainRequest(packet);
  return { ...write, sql, parameters: [], request };
}

/** A client that has prepared the statement reads rows in the binary protocol. */
function givesRows({ statement, request }: WriteRequest): boolean {
  return (
    request.binary &&
    (statement.returning || /^(?:SELECT|WITH|CALL|ANALYZE|EXPLAIN)$/.test(statement.verb))
  );
}

/** Parameters stand in the text from here on. */
export function flatten({ sql, statement, parameters }: WriteRequest): string {
  const text =
    parameters.length === 0
      ? sql
      : renderWithParameters(sql, statement.parameterOffsets, parameters);
  return text.replace(/[;\s]+$/, '');
}

/** Replaces whatever is evaluated once by its value. */
async function withLiterals(
  rewriting: Rewriting,
  sequences: readonly SequenceUse[],
): Promise<string> {
  const { core, sql, facts } = rewriting;
  const statement = core.analyse(sql);
  const shape = statement.insertSelect ? undefined : insertShape(sql, core.lexMode);
  const spans: { start: number; end: number; text?: string }[] = [];
  for (const item of statement.unsafe) {
    const { start, end } = item;
    if (item.kind === 'sysdate') {
      spans.push({ start, end, text: item.text.replace(/^SYSDATE/i, 'NOW') });
      continue;
    }
    if (item.literalSafe) spans.push({ start, end });
    else if (facts.way === 'literals') {
      const query = shape?.queries.find((span) => span.start <= start && end <= span.end);
      if (!query) throw refusal(item, statement);
      spans.push(query);
    }
  }
  if (facts.way === 'literals') {
    const { unsafeViews } = facts.effects;
    const reads =
      unsafeViews.length > 0 || statement.tables.length > statement.writtenTables.length;
    if (reads && spans.length === 0) spans.push(...(shape?.queries ?? []));
    spans.push(...sequences.map(({ start, end }) => ({ start, end })));
  }
  return replaceByValues(rewriting, outermostOf(spans));
}

/** There may be one in each of many rows. */
function outermostOf<Part extends { start: number; end: number }>(spans: readonly Part[]): Part[] {
  let reached = -1;
  const outermost: Part[] = [];
  for (const span of spans.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    if (span.end <= reached) continue;
    reached = span.end;
    outermost.push(span);
  }
  return outermost;
}

async function replaceByValues(
  rewriting: Rewriting,
  spans: readonly { start: number; end: number; text?: string }[],
): Promise<string> {
  const asked = spans.filter(({ text }) => text === undefined);
  const values = new Map<object, string | undefined>();
  for (let from = 0; from < asked.length; from += columnsMax) {
    const some = asked.slice(from, from + columnsMax);
    const expressions = some.map(({ start, end }) => `(${rewriting.sql.slice(start, end)})`);
    const { rows } = await selectForWrite(rewriting, `SELECT ${expressions.join(',')} LIMIT 1`);
    for (const [index, span] of some.entries()) values.set(span, rows[0]?.[index]);
  }
  const replacements: SpanReplacement[] = spans.map((span) => ({
    start: span.start,
    end: span.end,
    text: ` ${span.text ?? values.get(span) ?? 'NULL'} `,
  }));
  return replaceSpans(rewriting.sql, replacements);
}

/**
 * Moves each sequence to where it now is on the leader, as the servers' own replication does: its
 * cached values count as used, so that no later leader gives one of them again.
 */
export async function positionsOf(
  connection: NodeConnection,
  sequences: Iterable<string>,
): Promise<string[]> {
  const statements: string[] = [];
  for (const sequence of sequences) {
    const [row] = await queryRows(
      connection,
      `SELECT next_not_cached_value AS next, cycle_count AS round FROM ${sequence} LIMIT 1`,
      { latin1: true },
    );
    if (row) statements.push(`DO SETVAL(${sequence},${row['next']},0,${row['round']})`);
  }
  return statements;
}
