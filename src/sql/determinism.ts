import type { Clauses } from './clauses.ts';
import type { Features, FunctionCall } from './features.ts';
import type { Outline } from './outline.ts';
import type { StatementKind, TableName } from './statement.ts';
import { isOperator, isWord, type Token } from './token.ts';
import type { UnsafeKind } from './unsafe-kind.ts';

/** One place in a statement that would not give the same on every node. */
export interface Unsafe {
  readonly kind: UnsafeKind;
  readonly text: string;
  /** Byte offsets of `text`. */
  readonly start: number;
  readonly end: number;
  /** Evaluated exactly once, of constants only: the value of `SELECT <text>` may stand in its place. */
  readonly literalSafe: boolean;
}

/** How a function's value can differ. `constant`: the same for the whole statement on one node. */
interface FunctionRule {
  readonly kind: UnsafeKind;
  readonly constant: boolean;
  /** The call has an effect, so that it may only be taken out where it is surely executed. */
  readonly effect?: boolean;
}

const call = (kind: UnsafeKind): FunctionRule => ({ kind, constant: false });
const constant = (kind: UnsafeKind): FunctionRule => ({ kind, constant: true });
const effect = (kind: UnsafeKind): FunctionRule => ({ kind, constant: false, effect: true });

const functionRules: ReadonlyMap<string, FunctionRule> = new Map([
  ['UUID', call('uuid')],
  ['SYS_GUID', call('uuid')],
  ['UUID_SHORT', call('uuid_short')],
  ['RANDOM_BYTES', call('random_bytes')],
  ['ENCRYPT', call('random_bytes')],
  ['DES_ENCRYPT', call('server_variable')],
  ['SYSDATE', call('sysdate')],
  ['CONNECTION_ID', constant('connection_id')],
  ['PS_CURRENT_THREAD_ID', constant('connection_id')],
  ['PS_THREAD_ID', call('connection_id')],
  ['CURRENT_USER', constant('current_user')],
  ['CURRENT_ROLE', constant('current_user')],
  ['SESSION_USER', constant('current_user')],
  ['SYSTEM_USER', constant('current_user')],
  ['USER', constant('current_user')],
  ['ROLES_GRAPHML', constant('current_user')],
  ['CAN_ACCESS_COLUMN', call('current_user')],
  ['CAN_ACCESS_DATABASE', call('current_user')],
  ['CAN_ACCESS_TABLE', call('current_user')],
  ['CAN_ACCESS_USER', call('current_user')],
  ['CAN_ACCESS_VIEW', call('current_user')],
  ['VERSION', constant('server_variable')],
  ['ICU_VERSION', constant('server_variable')],
  ['VALIDATE_PASSWORD_STRENGTH', call('server_variable')],
  ['BINLOG_GTID_POS', call('server_variable')],
  ['WSREP_LAST_SEEN_GTID', constant('server_variable')],
  ['WSREP_LAST_WRITTEN_GTID', constant('server_variable')],
  ['FOUND_ROWS', constant('previous_result')],
  ['ROW_COUNT', constant('previous_result')],
  ['LASTVAL', constant('previous_result')],
  ['GET_LOCK', effect('user_lock')],
  ['RELEASE_LOCK', effect('user_lock')],
  ['RELEASE_ALL_LOCKS', effect('user_lock')],
  ['IS_FREE_LOCK', call('user_lock')],
  ['IS_USED_LOCK', call('user_lock')],
  ['LOAD_FILE', call('load_file')],
  ['SLEEP', effect('sleep')],
  ['BENCHMARK', effect('sleep')],
  ['MASTER_POS_WAIT', effect('replication_wait')],
  ['MASTER_GTID_WAIT', effect('replication_wait')],
  ['SOURCE_POS_WAIT', effect('replication_wait')],
  ['WAIT_FOR_EXECUTED_GTID_SET', effect('replication_wait')],
  ['WSREP_SYNC_WAIT_UPTO_GTID', effect('replication_wait')],
  ['ROWNUM', call('row_number')],
]);

/** @@variables that are pinned with every write, as the servers' own statement replication does. */
const pinnedVariables =
  /^(?:auto_increment_(?:increment|offset)|character_set_(?:client|connection|database|results|server)|collation_(?:connection|database|server)|default_week_format|foreign_key_checks|identity|insert_id|last_insert_id|lc_time_names|rand_seed[12]|sql_auto_is_null|sql_mode|time_zone|timestamp|unique_checks)$/;

export interface DeterminismInput {
  readonly sql: string;
  readonly tokens: readonly Token[];
  readonly outline: Outline;
  readonly features: Features;
  readonly clauses: Clauses;
  readonly tables: readonly TableName[];
  readonly kind: StatementKind;
  readonly verb: string;
}

/** Everything in the statement that a replay on another node could compute differently. */
export function unsafeOf(input: DeterminismInput): Unsafe[] {
  const found: Unsafe[] = [];
  for (const functionCall of input.features.calls) addCall(input, functionCall, found);
  for (const { name, index } of input.features.systemVariables) {
    if (pinnedVariables.test(name) || isAssigned(input, index)) continue;
    const literalSafe = isEvaluatedOnce(input, index, index, true);
    found.push(at(input, 'server_variable', index, index, literalSafe));
  }
  if (input.kind !== 'read' || input.features.hasUnknownFunction) addWriteRules(input, found);
  return found;
}

function at(
  { sql, tokens }: DeterminismInput,
  kind: UnsafeKind,
  from: number,
  to: number,
  literalSafe: boolean,
): Unsafe {
  const start = (tokens[from] as Token).start;
  const end = (tokens[to] as Token).end;
  return { kind, text: sql.slice(start, end), start, end, literalSafe };
}

function isAssigned({ tokens, kind }: DeterminismInput, index: number): boolean {
  if (kind !== 'set' && kind !== 'ddl') return false;
  const previous = tokens[index - 1];
  return (
    (isWord(previous, 'SET') || isOperator(previous, ',')) &&
    (isOperator(tokens[index + 1], '=') || isOperator(tokens[index + 1], ':='))
  );
}

function addCall(input: DeterminismInput, found: FunctionCall, list: Unsafe[]): void {
  const rule = functionRules.get(found.name);
  if (rule === undefined) return;
  // A column or table of that name in a definition is not a call: `user (id int)`.
  if (isOperator(input.tokens[found.index - 1], '.')) return;
  const { index, close } = found;
  // What RETURNING computes goes to the client only.
  if (rule.effect !== true && index > (input.clauses.returningIndex ?? Infinity)) return;
  let literalSafe = isEvaluatedOnce(input, index, close, rule.constant);
  if (rule.effect === true && input.outline.depths[index] !== rowDepth(input)) literalSafe = false;
  list.push(at(input, rule.kind, index, close, literalSafe));
}

/** Depth of an expression that stands by itself: in `VALUES (x)` and `CALL p(x)` 1, elsewhere 0. */
function rowDepth({ kind, clauses, tokens }: DeterminismInput): number {
  if (kind === 'call') return 1;
  return isWord(tokens[clauses.valuesFrom], 'SET') ? 0 : 1;
}

function isEvaluatedOnce(
  input: DeterminismInput,
  from: number,
  to: number,
  isConstant: boolean,
): boolean {
  const { kind, clauses, outline } = input;
  if (!hasConstantArguments(input, from, to)) return false;
  if (kind === 'call') return outline.insideQuery[from] !== true && input.verb === 'CALL';
  if (kind === 'set' || kind === 'read') {
    return isConstant || outline.insideQuery[from] !== true;
  }
  if (kind === 'load_data') return isConstant;
  if (kind !== 'write') return false;
  if (isConstant) return true;
  if (clauses.insertSelect || outline.insideQuery[from] === true) return false;
  // Of one row, what ON DUPLICATE KEY UPDATE computes is computed once at most.
  return from > clauses.valuesFrom && (to < clauses.valuesTo || clauses.insertRows === 1);
}

/** Only literals and operators between the parentheses. */
function hasConstantArguments({ tokens }: DeterminismInput, from: number, to: number): boolean {
  for (let index = from + 1; index <= to; index += 1) {
    const kind = tokens[index]?.kind;
    if (kind !== 'operator' && kind !== 'string' && kind !== 'number') return false;
  }
  return true;
}

/** Their result depends on the order of rows that no ORDER BY fixes. */
const orderedFunctions = new Set(
  (
    'GROUP_CONCAT JSON_ARRAYAGG JSON_OBJECTAGG ANY_VALUE ROW_NUMBER NTILE FIRST_VALUE LAST_VALUE ' +
    'NTH_VALUE LAG LEAD'
  ).split(' '),
);

function addOrderedFunctions(input: DeterminismInput, found: Unsafe[]): void {
  for (const { name, index, close } of input.features.calls) {
    if (!orderedFunctions.has(name)) continue;
    const inside = input.tokens.slice(index, close);
    if (name === 'GROUP_CONCAT' && inside.some((token) => isWord(token, 'ORDER'))) continue;
    found.push(at(input, 'row_order', index, close, false));
  }
}

/** MATCH (…) AGAINST (…) sees only what is committed; a follower commits several entries as one. */
function addFullText(input: DeterminismInput, found: Unsafe[]): void {
  const { tokens, outline } = input;
  for (const [index, token] of tokens.entries()) {
    if (!isWord(token, 'MATCH')) continue;
    const against = (outline.closers.get(index + 1) ?? index) + 1;
    const close = outline.closers.get(against + 1);
    if (!isWord(tokens[against], 'AGAINST') || close === undefined) continue;
    found.push(at(input, 'full_text', index, close, false));
  }
}

const metadataSchemas = new Set(['information_schema', 'performance_schema', 'mysql', 'sys']);

function addWriteRules(input: DeterminismInput, found: Unsafe[]): void {
  const { tokens, outline, clauses, features, tables, kind } = input;
  if (clauses.limitIndex !== undefined && !clauses.ordered) {
    found.push(at(input, 'limit_without_order', clauses.limitIndex, clauses.limitIndex, false));
  }
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] as Token;
    if (isWord(token, 'LIMIT') && (outline.depths[index] ?? 0) > 0) {
      found.push(at(input, 'limit_in_subquery', index, index, false));
    }
    const assigns = token.kind === 'user_variable' && isOperator(tokens[index + 1], ':=');
    if (assigns && kind !== 'set') {
      found.push(at(input, 'variable_assignment', index, index, false));
    }
  }
  addOrderedFunctions(input, found);
  addFullText(input, found);
  if (features.skipLocked !== undefined) {
    found.push(at(input, 'skip_locked', features.skipLocked, features.skipLocked, false));
  }
  if (clauses.delayed !== undefined) {
    found.push(at(input, 'delayed', clauses.delayed, clauses.delayed, false));
  }
  if (kind === 'ddl' && !clauses.insertSelect) return;
  for (const { schema } of tables) {
    if (schema === undefined || !metadataSchemas.has(schema.toLowerCase())) continue;
    const index = tokens.findIndex((token) =>
      input.sql.slice(token.start, token.end).includes(schema),
    );
    if (index >= 0) found.push(at(input, 'information_schema', index, index, false));
  }
}
