import { LockstepError } from '../base/errors.ts';
import { commandPacket, type NodeConnection } from '../nodes/node-connection.ts';
import { NodeQueryError, queryRows } from '../nodes/query-rows.ts';
import { ColumnType } from '../protocol/column-definition.ts';
import { CommandByte } from '../protocol/commands.ts';
import { decodeErr } from '../protocol/err-packet.ts';
import type { Terminal } from '../protocol/response-sink.ts';
import { replaceConnectionId } from '../sql/connection-id.ts';
import { type PreparedText, parsePreparedText, type UsingArgument } from '../sql/prepared-text.ts';
import { literalOf, renderWithParameters } from '../sql/render-parameters.ts';
import { type Answer, okAnswer } from './answer.ts';
import { noteFoundByWrite } from './found-rows.ts';
import { HeldReply } from './held-reply.ts';
import { heedLocksPrepared } from './lock-tables.ts';
import type { NamedStatement } from './named-statements.ts';
import { type NodeRequest, plainRequest, textRequest } from './node-request.ts';
import type { SessionCore } from './session-core.ts';
import { type PreparedFor, preparedKey } from './prepared-on-node.ts';
import { prepareAsRead, readingOf } from './prepared-reading.ts';
import { syntaxError } from './syntax-error.ts';
import { asksPrevious, tellPrevious } from './tell-previous.ts';
import { inPreparedSchema } from './prepared-schema.ts';
import { inItsAccess, spendsCharacteristics } from './transaction-characteristics.ts';
import {
  assignedByPreparing,
  numberOf,
  plainLiteral,
  restoreUserVariables,
  takePreparedVariables,
  variablesAssigned,
} from './user-variables.ts';
import { withConnection } from './with-connection.ts';
import type { WriteRequest } from './write-request.ts';

type Run = (write: WriteRequest) => Promise<Answer>;

/** One name on a node's connection, for whichever statement it is to execute next. */
const nameOnNode = 'lockstep';

/**
 * PREPARE, EXECUTE and DEALLOCATE as text. Lockstep keeps the statements, so that any node may
 * execute them. A read or SET is executed by the node as it was prepared; a write runs everywhere,
 * the leader included, as the same text with literals in it.
 */
export async function runPreparedText(core: SessionCore, sql: string, run: Run): Promise<Answer> {
  const parsed = parsePreparedText(sql, core.lexMode);
  if (!parsed) throw syntaxError(sql, 0, core.lexMode.flavor);
  switch (parsed.kind) {
    case 'prepare':
      return prepareNamed(core, parsed);
    case 'deallocate':
      core.named.deallocate(parsed.name);
      core.tracker?.changed();
      return okAnswer;
    case 'execute':
      return execute(core, core.named.get(parsed.name), parsed.using, run);
    case 'immediate': {
      const { flavor } = core.lexMode;
      if (flavor === 'mysql') throw syntaxError(sql, sql.indexOf(parsed.from), flavor);
      const named = namedOf(core, await valueOf(core, parsed.from));
      const reply = await prepare(core, named);
      if (reply.end && reply.error) throw refusal(reply.end);
      return execute(core, named, parsed.using, run);
    }
  }
}

async function prepareNamed(
  core: SessionCore,
  { name, from }: Extract<PreparedText, { kind: 'prepare' }>,
): Promise<Answer> {
  // Whatever becomes of it, what had the name is gone: so do the servers.
  core.named.delete(name);
  const named = namedOf(core, await valueOf(core, from));
  const reply = await prepare(core, named);
  if (reply.error) return { kind: 'held', reply };
  core.named.set(name, named);
  core.tracker?.changed();
  return { kind: 'held', reply };
}

function namedOf(core: SessionCore, text: string): NamedStatement {
  const sql = replaceConnectionId(text.replace(/[\s;]+$/, ''), core.lexMode, core.id);
  const { schema, carried } = core.state;
  const { settings } = carried;
  return { sql, statement: core.analyse(sql), schema, settings, mode: core.lexMode };
}

/** A node says whether it can be prepared at all, and what there is to mind. */
async function prepare(core: SessionCore, named: NamedStatement): Promise<HeldReply> {
  heedLocksPrepared(core, named.statement);
  const assigned = variablesAssigned(core, named);
  const prepareHere = async (connection: NodeConnection): Promise<HeldReply> => {
    const reply = await sendPrepare(core, connection, { ...named, kinds: '', reading: '' });
    if (!reply.end) return reply;
    core.diagnostics.means(named.statement, core.lexMode.flavor);
    core.diagnostics.note(reply.end, connection);
    await takePreparedVariables(core, connection, assigned);
    return reply;
  };
  return inItsAccess(core, named.statement, () => withConnection(core, prepareHere));
}

async function prepareOn(
  core: SessionCore,
  connection: NodeConnection,
  executed: Executed,
): Promise<void> {
  const { sql, assigned, reading } = executed;
  if (connection.preparedText === preparedKey(connection, sql, executed)) return;
  const prepareHere = (): Promise<HeldReply> => sendPrepare(core, connection, executed);
  const reply = await prepareAsRead(core, connection, reading, prepareHere);
  if (reply.end && reply.error) throw refusal(reply.end);
  await restoreUserVariables(core, connection, assigned);
}

async function sendPrepare(
  core: SessionCore,
  connection: NodeConnection,
  toPrepare: ToPrepare,
): Promise<HeldReply> {
  connection.preparedText = undefined;
  const key = preparedKey(connection, toPrepare.sql, toPrepare);
  const text = `PREPARE ${nameOnNode} FROM ${textLiteral(toPrepare)}`;
  const reply = new HeldReply(core.context.config.limits.resultBufferBytes);
  connection.send(commandPacket(CommandByte.QUERY, bytes(text)), 'query', reply);
  await reply.done;
  if (!reply.error) connection.preparedText = key;
  return reply;
}

function refusal({ payload }: Terminal): NodeQueryError {
  const { errno, sqlState, message } = decodeErr(payload);
  return new NodeQueryError(errno, sqlState, message);
}

/** As the text is to be read. */
function textLiteral({ sql, settings, mode }: ToPrepare): string {
  const parameter = { type: ColumnType.VAR_STRING, unsigned: false, value: bytes(sql) };
  const { noBackslashEscapes } = mode;
  return literalOf(parameter, { charset: charsetOf(settings), noBackslashEscapes });
}

const bytes = (sql: string): Buffer => Buffer.from(sql, 'latin1');

const charsetOf = (settings: ReadonlyMap<string, string>): string =>
  (settings.get('character_set_client') ?? 'utf8mb4').replaceAll("'", '');

/** The value of an expression as text in the client's character set. */
async function valueOf(core: SessionCore, expression: string): Promise<string> {
  const { kind, hasUnknownFunction, tables } = core.analyse(`SELECT ${expression}`);
  if (kind !== 'read' || hasUnknownFunction || tables.length > 0) {
    throw new LockstepError(
      'unsupported',
      'PREPARE and EXECUTE IMMEDIATE take no subqueries, stored functions or sequences in the ' +
        'expression of the text: SET a variable to it first',
    );
  }
  const converted = `CONVERT((${expression}) USING ${charsetOf(core.state.carried.settings)})`;
  const [row] = await withConnection(core, (connection) =>
    queryRows(connection, `SELECT HEX(${converted}) AS text LIMIT 1`, { latin1: true }),
  );
  const hex = row?.['text'];
  // The servers read the text NULL then.
  return hex === null || hex === undefined ? 'NULL' : Buffer.from(hex, 'hex').toString('latin1');
}

async function execute(
  core: SessionCore,
  named: NamedStatement,
  using: readonly UsingArgument[],
  run: Run,
): Promise<Answer> {
  const { sql, statement, schema } = named;
  const runHere: Run = async (write) => {
    const inItsPlace = (): Promise<Answer> => inPreparedSchema(core, write, () => run(write));
    const answer = await inItsAccess(core, write.statement, inItsPlace);
    if (spendsCharacteristics(core, write, answer)) core.characteristics = {};
    if (answer.kind === 'held') noteFoundByWrite(core, write.statement, answer.reply);
    return answer;
  };
  if (using.length !== statement.parameterOffsets.length) {
    throw new NodeQueryError(1210, 'HY000', 'Incorrect arguments to EXECUTE');
  }
  const isRead = statement.kind === 'read' && !statement.hasUnknownFunction;
  if (isRead || statement.kind === 'set') {
    // What is set keeps being without sign.
    const asBound = isRead ? plainValue : literal;
    const parameters = using.map((argument) => asBound(core, argument));
    const plain = { sql, statement, parameters, preparedIn: schema };
    const told = await withTold(core, { ...plain, request: textRequest(sql) });
    const kinds = core.lexMode.flavor === 'mysql' ? parameters.map(kindOf).join('') : '';
    const assigned = assignedByPreparing(core, named);
    const reading = readingOf(core, named);
    const executed = { ...named, sql: told.sql, kinds, reading, assigned };
    return runHere({ ...told, request: executeRequest(core, executed, using) });
  }
  // CALL gives back what its parameters have become: there the variables themselves stand.
  const call = statement.kind === 'call';
  const values = using.map((argument) => (call ? argument.text : plainValue(core, argument)));
  const text = renderWithParameters(sql, statement.parameterOffsets, values);
  const plain = { sql: text, statement: core.analyse(text), parameters: [], preparedIn: schema };
  return runHere(await withTold(core, { ...plain, request: textRequest(text) }));
}

const withTold = async (core: SessionCore, write: WriteRequest): Promise<WriteRequest> =>
  asksPrevious(core, write.statement) ? tellPrevious(core, write) : write;

/** A letter for what a literal is: whole number, exact, DOUBLE, or text. */
function kindOf(written: string): string {
  if (/^-?\d+$/.test(written)) return 'i';
  if (/^-?\d*\.\d+$/.test(written)) return 'n';
  return /^-?[\d.]+e-?\d+$/i.test(written) ? 'f' : 's';
}

/**
 * A bound value has the collation of the connection, not that of the variable: as the servers do
 * (MySQL `Item_param::set_from_user_var`), and as a literal without COLLATE has.
 */
function literal(core: SessionCore, { text, variable }: UsingArgument): string {
  if (variable === undefined) return `(${text})`;
  const value = core.state.carried.userVariables.get(variable) ?? 'NULL';
  return plainLiteral(value).replace(/ COLLATE \w+$/, '');
}

/**
 * MySQL warns of utf8mb3 where it is written; the bytes are the same. Without an introducer bytes
 * would be a number where one is expected.
 */
const plainValue = (core: SessionCore, argument: UsingArgument): string =>
  numberOf(literal(core, argument))
    .replace(/^_utf8mb3 /, '_utf8mb4 ')
    .replace(/^X'/, "_binary X'");

type ToPrepare = Pick<NamedStatement, 'sql' | 'settings' | 'mode'> & Required<PreparedFor>;

interface Executed extends ToPrepare {
  /** User variables that preparing it changes. */
  readonly assigned: readonly string[];
}

function executeRequest(
  core: SessionCore,
  executed: Executed,
  using: readonly UsingArgument[],
): NodeRequest {
  const values = using.map(({ text }) => text).join(',');
  const text = `EXECUTE ${nameOnNode}${values === '' ? '' : ` USING ${values}`}`;
  return {
    ...plainRequest(commandPacket(CommandByte.QUERY, bytes(text))),
    before: (connection) => prepareOn(core, connection, executed),
    withText: (sql) => executeRequest(core, { ...executed, sql }, using),
  };
}
