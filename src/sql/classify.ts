import { classifySet } from './classify-set.ts';
import type { Outline } from './outline.ts';
import type { StatementKind } from './statement.ts';
import { isName, isOperator, isWord, type Token } from './token.ts';

export interface Classification {
  readonly kind: StatementKind;
  readonly verb: string;
  /** The index of the token that the verb begins with, behind WITH, EXPLAIN, parentheses … */
  readonly main: number;
  readonly understood: boolean;
  readonly implicitCommit: boolean;
}

interface Input {
  readonly sql: string;
  readonly tokens: readonly Token[];
  readonly outline: Outline;
  /** Statements around this one: EXPLAIN, WITH … */
  readonly depth?: number;
}

/** No server takes as many; a text may hold any number, and each takes its place on the stack. */
const depthMax = 10;

type Rule = (input: Input, at: number) => Classification;

const committing =
  (kind: StatementKind): Rule =>
  ({ tokens }, at) => ({ ...result(kind, wordAt(tokens, at), at), implicitCommit: true });

const is =
  (kind: StatementKind, verb?: string): Rule =>
  ({ tokens }, at) =>
    result(kind, verb ?? wordAt(tokens, at), at);

function result(kind: StatementKind, verb: string, main: number): Classification {
  const implicitCommit = kind === 'ddl' || kind === 'begin' || kind === 'lock_tables';
  return { kind, verb, main, understood: true, implicitCommit };
}

function notUnderstood(tokens: readonly Token[], at: number): Classification {
  const verb = wordAt(tokens, at);
  return { kind: 'write', verb, main: at, understood: false, implicitCommit: false };
}

/** The statement that another one is put before. */
function classifyWithin(input: Input, at: number): Classification {
  const depth = (input.depth ?? 0) + 1;
  return depth > depthMax ? notUnderstood(input.tokens, at) : classify({ ...input, depth }, at);
}

function wordAt(tokens: readonly Token[], at: number): string {
  const token = tokens[at];
  return token !== undefined && token.kind === 'word' ? token.text : '';
}

/** What the statement beginning at token `at` is; `write` where that is not certain. */
export function classify(input: Input, at = 0): Classification {
  const { tokens } = input;
  const token = tokens[at];
  if (token === undefined) return { ...result('empty', '', at), implicitCommit: false };
  if (isOperator(token, '(')) return classifyParenthesised(input, at);
  if (token.kind !== 'word') return notUnderstood(tokens, at);
  if (tokens[at + 1]?.text === ':') return result('call', 'BEGIN NOT ATOMIC', at);
  const rule = rules.get(token.text);
  return rule === undefined ? notUnderstood(tokens, at) : rule(input, at);
}

function classifyParenthesised(input: Input, at: number): Classification {
  let inner = at;
  while (isOperator(input.tokens[inner], '(')) inner += 1;
  const found = classifyWithin(input, inner);
  return found.kind === 'read' ? { ...found, main: at } : notUnderstood(input.tokens, at);
}

/** WITH name [(columns)] AS (query) [, …] main statement. */
function classifyWith(input: Input, at: number): Classification {
  const { tokens, outline } = input;
  let cursor = at + 1;
  if (isWord(tokens[cursor], 'RECURSIVE')) cursor += 1;
  for (;;) {
    if (!isName(tokens[cursor])) return notUnderstood(tokens, at);
    cursor += 1;
    if (isOperator(tokens[cursor], '(')) cursor = (outline.closers.get(cursor) ?? -1) + 1;
    if (!isWord(tokens[cursor], 'AS')) return notUnderstood(tokens, at);
    const close = outline.closers.get(cursor + 1);
    if (close === undefined) return notUnderstood(tokens, at);
    cursor = close + 1;
    // MariaDB: CYCLE column, … RESTRICT
    if (isWord(tokens[cursor], 'CYCLE')) {
      while (cursor < tokens.length && !isWord(tokens[cursor], 'RESTRICT')) cursor += 1;
      cursor += 1;
    }
    if (!isOperator(tokens[cursor], ',')) break;
    cursor += 1;
  }
  const main = classifyWithin(input, cursor);
  return main.kind === 'read' || (main.kind === 'write' && main.understood)
    ? main
    : notUnderstood(tokens, at);
}

/** With anything else behind it, EXPLAIN is another name of SHOW COLUMNS. */
const explained = /^(?:SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH|TABLE|VALUES|FOR)$/;

/** EXPLAIN runs nothing but EXPLAIN ANALYZE does. */
function classifyExplain(input: Input, at: number): Classification {
  const { tokens } = input;
  let cursor = at + 1;
  let analyze = false;
  for (;;) {
    const word = wordAt(tokens, cursor);
    if (word === 'ANALYZE') {
      analyze = true;
      cursor += 1;
    } else if (word === 'EXTENDED' || word === 'PARTITIONS') cursor += 1;
    else if (word === 'FORMAT' && isOperator(tokens[cursor + 1], '=')) cursor += 3;
    else if (word === 'INTO' && tokens[cursor + 1]?.kind === 'user_variable') cursor += 2;
    else if (word === 'FOR' && /^(?:SCHEMA|DATABASE)$/.test(wordAt(tokens, cursor + 1)))
      cursor += 3;
    else break;
  }
  if (!analyze) {
    const describes = isName(tokens[cursor]) && !explained.test(wordAt(tokens, cursor));
    return result('read', describes ? 'SHOW COLUMNS' : 'EXPLAIN', cursor);
  }
  const inner = classifyWithin(input, cursor);
  return inner.kind === 'read' ? { ...inner, verb: 'EXPLAIN' } : inner;
}

/** MariaDB's ANALYZE [FORMAT=…] statement runs the statement; ANALYZE TABLE is administration. */
function classifyAnalyze(input: Input, at: number): Classification {
  const { tokens } = input;
  const next = wordAt(tokens, at + 1);
  if (/^(?:TABLE|TABLES|LOCAL|NO_WRITE_TO_BINLOG)$/.test(next)) {
    return result('ddl', 'ANALYZE TABLE', at);
  }
  const inner = classifyWithin(input, next === 'FORMAT' ? at + 4 : at + 1);
  return inner.kind === 'read' ? { ...inner, verb: 'ANALYZE' } : inner;
}

const objectWords = new Set(
  (
    'DATABASE EVENT FUNCTION INDEX LIBRARY PACKAGE PROCEDURE ROLE SCHEMA SEQUENCE SERVER TABLE ' +
    'TABLES TABLESPACE TRIGGER USER VIEW INSTANCE GROUP SYSTEM PREPARE'
  ).split(' '),
);

/** CREATE, ALTER, DROP, RENAME: the verb names the kind of object. */
function classifyDefinition(input: Input, at: number): Classification {
  const { tokens } = input;
  const verb = wordAt(tokens, at);
  for (let cursor = at + 1; cursor < Math.min(tokens.length, at + 24); cursor += 1) {
    const word = wordAt(tokens, cursor);
    if (!objectWords.has(word)) continue;
    if (word === 'PREPARE') return result('deallocate', 'DROP PREPARE', at);
    if (word === 'TABLES') return result('ddl', `${verb} TABLE`, at);
    const object = word === 'SCHEMA' ? 'DATABASE' : word;
    const temporary = tokens.slice(at, cursor).some((token) => isWord(token, 'TEMPORARY'));
    const definition = result('ddl', `${verb} ${object}`, at);
    // CREATE and DROP TEMPORARY TABLE do not commit.
    return temporary && object === 'TABLE' && verb !== 'ALTER'
      ? { ...definition, implicitCommit: false }
      : definition;
  }
  return result('ddl', verb, at);
}

function classifyShow(input: Input, at: number): Classification {
  const { tokens } = input;
  const next = wordAt(tokens, at + 1);
  const session =
    next === 'WARNINGS' ||
    next === 'ERRORS' ||
    next === 'PROFILE' ||
    next === 'PROFILES' ||
    (next === 'COUNT' && isOperator(tokens[at + 2], '('));
  return result(session ? 'show_session' : 'read', `SHOW ${next}`.trim(), at);
}

/** Of all tables: FLUSH [LOCAL | NO_WRITE_TO_BINLOG] TABLE[S] [WITH READ LOCK]. */
const flushOfAll = /^FLUSH( LOCAL| NO_WRITE_TO_BINLOG)? TABLES?( WITH READ LOCK)?$/;
const flushThatLocks = / WITH READ LOCK\b| FOR EXPORT$/;

function classifyFlush({ tokens }: Input, at: number): Classification {
  const words = tokens.slice(at).map(({ text }) => text);
  const text = words.join(' ').replace(/ ;$/, '');
  const [, local, locks] = flushOfAll.exec(text) ?? [];
  const flush = (verb: string): Classification => ({
    ...result('flush_lock', verb, at),
    implicitCommit: true,
  });
  if (locks !== undefined) return flush('FLUSH TABLES WITH READ LOCK');
  if (local !== undefined) return flush('FLUSH LOCAL TABLES');
  return flushThatLocks.test(text) ? flush('FLUSH TABLES') : result('ddl', 'FLUSH', at);
}

function classifyStart(input: Input, at: number): Classification {
  const next = wordAt(input.tokens, at + 1);
  if (next === 'TRANSACTION') return result('begin', 'START TRANSACTION', at);
  return { ...result('replication_admin', `START ${next}`, at), implicitCommit: true };
}

function classifyBegin(input: Input, at: number): Classification {
  const { tokens } = input;
  const next = tokens[at + 1];
  if (next === undefined || isWord(next, 'WORK')) return result('begin', 'BEGIN', at);
  if (isWord(next, 'NOT')) return result('call', 'BEGIN NOT ATOMIC', at);
  return notUnderstood(tokens, at);
}

function classifyRollback(input: Input, at: number): Classification {
  const { tokens } = input;
  const next = isWord(tokens[at + 1], 'WORK') ? at + 2 : at + 1;
  const toSavepoint = isWord(tokens[next], 'TO');
  return result(toSavepoint ? 'rollback_to_savepoint' : 'rollback', 'ROLLBACK', at);
}

function classifyReset(input: Input, at: number): Classification {
  const next = wordAt(input.tokens, at + 1);
  const server = next === 'PERSIST' || next === 'QUERY';
  const found = result(server ? 'ddl' : 'replication_admin', `RESET ${next}`, at);
  return { ...found, implicitCommit: next !== 'PERSIST' };
}

function classifyLoad(input: Input, at: number): Classification {
  const next = wordAt(input.tokens, at + 1);
  if (next === 'DATA' || next === 'XML') return result('load_data', `LOAD ${next}`, at);
  return result('ddl', `LOAD ${next}`, at);
}

function classifyLock(input: Input, at: number): Classification {
  const next = wordAt(input.tokens, at + 1);
  return next === 'INSTANCE'
    ? result('flush_lock', 'LOCK INSTANCE', at)
    : result('lock_tables', 'LOCK TABLES', at);
}

function classifyUnlock({ tokens }: Input, at: number): Classification {
  return wordAt(tokens, at + 1) === 'INSTANCE'
    ? result('flush_lock', 'UNLOCK INSTANCE', at)
    : result('unlock_tables', 'UNLOCK TABLES', at);
}

/** Where the statement itself begins in MariaDB's SET STATEMENT a=1, b=2 FOR statement. */
export function behindSetStatement(
  tokens: readonly Token[],
  outline: Outline,
  at: number,
): number | undefined {
  if (!isWord(tokens[at], 'SET') || !isWord(tokens[at + 1], 'STATEMENT')) return undefined;
  const found = tokens.findIndex(
    (token, index) => index > at + 1 && outline.depths[index] === 0 && isWord(token, 'FOR'),
  );
  return found < 0 ? undefined : found + 1;
}

function classifySetRule(input: Input, at: number): Classification {
  const { tokens, outline } = input;
  if (isWord(tokens[at + 1], 'STATEMENT') && isName(tokens[at + 2])) {
    const main = behindSetStatement(tokens, outline, at);
    return main === undefined ? notUnderstood(tokens, at) : classifyWithin(input, main);
  }
  return { ...classifySet(input.sql, tokens, at), verb: 'SET', main: at, understood: true };
}

/** A read that only looks at what is there, yet the servers commit before it. */
const checkRule: Rule = ({ tokens }, at) => ({
  ...result('read', `CHECK ${wordAt(tokens, at + 1)}`, at),
  implicitCommit: true,
});

const compound: Rule = (_input, at) => result('call', 'BEGIN NOT ATOMIC', at);

/** INSERT and the like; EXECUTE IMMEDIATE is as EXECUTE. */
const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['SELECT', is('read')],
  ['VALUES', is('read')],
  ['TABLE', is('read')],
  ['WITH', classifyWith],
  ['INSERT', is('write')],
  ['REPLACE', is('write')],
  ['UPDATE', is('write')],
  ['DELETE', is('write')],
  ['LOAD', classifyLoad],
  ['CREATE', classifyDefinition],
  ['ALTER', classifyDefinition],
  ['DROP', classifyDefinition],
  ['RENAME', classifyDefinition],
  ['TRUNCATE', is('ddl')],
  ['IMPORT', is('ddl')],
  ['GRANT', is('ddl')],
  ['REVOKE', is('ddl')],
  ['OPTIMIZE', is('ddl', 'OPTIMIZE TABLE')],
  ['REPAIR', is('ddl', 'REPAIR TABLE')],
  ['ANALYZE', classifyAnalyze],
  ['CACHE', is('ddl', 'CACHE INDEX')],
  ['INSTALL', is('ddl')],
  ['UNINSTALL', is('ddl')],
  ['SHUTDOWN', is('ddl')],
  ['RESTART', is('ddl')],
  ['CLONE', is('ddl')],
  ['FLUSH', classifyFlush],
  ['RESET', classifyReset],
  ['CHECK', checkRule],
  ['CHECKSUM', is('read', 'CHECKSUM TABLE')],
  ['EXPLAIN', classifyExplain],
  ['DESCRIBE', classifyExplain],
  ['DESC', classifyExplain],
  ['SHOW', classifyShow],
  ['HELP', is('read')],
  ['DO', is('read')],
  ['SIGNAL', is('read')],
  ['RESIGNAL', is('read')],
  ['GET', is('show_session', 'GET DIAGNOSTICS')],
  ['BEGIN', classifyBegin],
  ['START', classifyStart],
  ['COMMIT', is('commit')],
  ['ROLLBACK', classifyRollback],
  ['SAVEPOINT', is('savepoint')],
  ['RELEASE', is('release_savepoint', 'RELEASE SAVEPOINT')],
  ['XA', is('xa')],
  ['SET', classifySetRule],
  ['USE', is('use')],
  ['CALL', is('call')],
  ['PREPARE', is('prepare')],
  ['EXECUTE', is('execute')],
  ['DEALLOCATE', is('deallocate')],
  ['LOCK', classifyLock],
  ['UNLOCK', classifyUnlock],
  ['BACKUP', committing('flush_lock')],
  ['HANDLER', is('handler')],
  ['KILL', is('kill')],
  ['STOP', committing('replication_admin')],
  ['CHANGE', committing('replication_admin')],
  ['PURGE', is('replication_admin')],
  ['BINLOG', is('replication_admin')],
  ['IF', compound],
  ['CASE', compound],
  ['LOOP', compound],
  ['WHILE', compound],
  ['REPEAT', compound],
  ['FOR', compound],
]);
