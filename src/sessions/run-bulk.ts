import { LockstepError } from '../base/errors.ts';
import { packetTooLarge } from '../protocol/command-scanner.ts';
import type { BulkParameter, StmtBulkExecute } from '../protocol/stmt-bulk-execute.ts';
import { type BulkPart, type BulkText, bulkText } from '../sql/bulk-text.ts';
import { lowerName } from '../sql/lower-name.ts';
import type { Answer } from './answer.ts';
import { boundLiterals } from './bound-literals.ts';
import { BulkAnswer } from './bulk-answer.ts';
import { noDefaultHere, notInBulk, wrongBulkArguments } from './bulk-errors.ts';
import { textRequest } from './node-request.ts';
import { packetLimit } from './packet-limit.ts';
import { textExecution } from './prepared-statement.ts';
import type { SessionCore } from './session-core.ts';
import { isStrict } from './strict-mode.ts';
import { effectsOf } from './write-effects.ts';
import type { WriteRequest } from './write-request.ts';
import { asUnit } from './write-unit.ts';

type Rows = Pick<StmtBulkExecute, 'rows'>;

/** Runs one of the statements. */
type Run = (part: WriteRequest) => Promise<Answer>;

/**
 * One statement for many rows of parameters. An INSERT is the same text with all its rows, and runs
 * as that: on one node as on the others. What one text cannot hold are several that take effect
 * together. An UPDATE or DELETE is a statement for each row, which are committed one by one, and
 * end at the first error: so do they on a server.
 */
export async function runBulk(
  core: SessionCore,
  write: WriteRequest,
  bulk: Rows,
  run: Run,
): Promise<Answer> {
  const text = bulkText(write.sql, write.statement, core.lexMode);
  if (!text) throw notInBulk();
  const alone = await rowsAlone(core, write, text);
  const parts = (): Generator<BulkPart> => partsOf(core, text, bulk, alone);
  let whole = new BulkAnswer(core, write.statement);
  const runAll = (): Promise<Answer> => {
    whole = new BulkAnswer(core, write.statement);
    return runParts(core, write, { parts: parts(), run, whole });
  };
  const told = async (running: Promise<Answer>): Promise<Answer> => {
    const answer = await running;
    whole.raise();
    return answer;
  };
  if (text.rowByRow) return told(runAll());
  const some = parts();
  const first = some.next();
  if (first.done) throw wrongBulkArguments();
  // Before anything runs, all rows of a single statement have been read.
  if (some.next().done) return run(partRequest(core, write, first.value));
  return told(asUnit(core, runAll));
}

interface Parts {
  readonly parts: Iterable<BulkPart>;
  readonly run: Run;
  readonly whole: BulkAnswer;
}

async function runParts(
  core: SessionCore,
  write: WriteRequest,
  { parts, run, whole }: Parts,
): Promise<Answer> {
  let count = 0;
  for (const part of parts) {
    core.running.check();
    const answer = await run(partRequest(core, write, part));
    if (answer.kind !== 'held') throw new LockstepError('internal', `a write was ${answer.kind}`);
    const ended = await whole.add(answer.reply, part);
    if (ended) return { kind: 'held', reply: ended };
    count += 1;
  }
  if (count === 0) throw wrongBulkArguments();
  return { kind: 'held', reply: whole.end() };
}

/** Whether a row, as literals, is to be a statement by itself. */
type Alone = (row: readonly string[]) => boolean;

/**
 * Without a strict mode a server makes a zero of NULL for a column that takes none where an INSERT
 * has several rows, and says 1048 where it has one, as each row of an execution in bulk is to it.
 */
async function rowsAlone(
  core: SessionCore,
  { statement }: WriteRequest,
  { columns }: BulkText,
): Promise<Alone> {
  if (!columns || statement.ignore || isStrict(core)) return () => false;
  const { targets } = await effectsOf(core, { ...statement, tables: statement.writtenTables });
  const [target] = targets;
  const takesNull = (column: string | number | undefined): boolean => {
    const name = typeof column === 'number' ? target?.columns[column] : column;
    return name !== undefined && target?.takingNull.has(lowerName(name)) === true;
  };
  if (!columns.ofNull.every(takesNull)) return () => true;
  const places = columns.of.flatMap((column, index) => (takesNull(column) ? [] : [index]));
  return (row) => places.some((index) => row[index] === 'NULL');
}

function* partsOf(
  core: SessionCore,
  text: BulkText,
  bulk: Rows,
  alone: Alone,
): Generator<BulkPart> {
  const limit = packetLimit(core.context);
  const bytesMax = limit - 1;
  for (const part of text.parts(literalRows(core, text, bulk), bytesMax, alone)) {
    if (part.sql.length > bytesMax) throw packetTooLarge(limit);
    yield part;
  }
}

function* literalRows(core: SessionCore, text: BulkText, bulk: Rows): Generator<string[]> {
  for (const row of wholeRows(bulk)) {
    const literals = boundLiterals(core, row, []);
    for (const [index, { instead }] of row.entries()) {
      if (!instead) continue;
      const standIn = text.standIn(index, instead);
      if (standIn === undefined) throw noDefaultHere();
      literals[index] = standIn;
    }
    yield literals;
  }
}

function* wholeRows(bulk: Rows): Generator<readonly BulkParameter[]> {
  try {
    yield* bulk.rows();
  } catch (error) {
    const cutOff = error instanceof LockstepError && error.code === 'malformed_packet';
    throw cutOff ? wrongBulkArguments() : error;
  }
}

/** The statement is known from the text with markers, but for places that are not the same now. */
function partRequest(
  core: SessionCore,
  { statement }: WriteRequest,
  { sql, rows }: BulkPart,
): WriteRequest {
  const { insertRows } = statement;
  const told =
    statement.unsafe.length > 0
      ? core.analyse(sql)
      : {
          ...statement,
          parameterCount: 0,
          parameterOffsets: [],
          insertRows: insertRows === null ? null : insertRows * rows,
        };
  const request = statement.returning ? textExecution(sql) : textRequest(sql);
  return { statement: told, sql, parameters: [], request };
}
