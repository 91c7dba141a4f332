import { type Classification, classify } from './classify.ts';
import { type Clauses, clausesOf } from './clauses.ts';
import { unsafeOf } from './determinism.ts';
import { type Features, featuresOf } from './features.ts';
import type { LexMode } from './lex-mode.ts';
import { Lexer, type UncertainComments } from './lexer.ts';
import { normalise } from './normalise.ts';
import { outlineOf } from './outline.ts';
import { isRepeatable } from './repeatable.ts';
import type { Statement, StatementKind } from './statement.ts';
import { statementEnd } from './split-statements.ts';
import { tablesOf } from './table-names.ts';
import { isWord, type Token } from './token.ts';
import { detailsOf } from './transaction-details.ts';

/**
 * What one statement is and does, from its text (a binary string: one character is one byte).
 * Never throws. A text that cannot be followed, also one that holds several statements, is a
 * `write` with `understood: false`.
 */
export function analyse(sql: string, mode: LexMode): Statement {
  const asCode = analyseOnce(sql, mode, 'code');
  if (!asCode.uncertain) return asCode.statement;
  const asComment = analyseOnce(sql, mode, 'comment').statement;
  return conservative(asCode.statement, asComment);
}

/** Of the two readings of a text with version comments, the one that promises less. */
function conservative(code: Statement, comment: Statement): Statement {
  if (comment.kind === 'empty') return code;
  if (comment.kind === code.kind) return { ...code, local: code.local && comment.local };
  if (code.kind === 'empty') return comment;
  return { ...code, kind: 'write', understood: false };
}

function analyseOnce(sql: string, mode: LexMode, comments: UncertainComments) {
  const lexer = new Lexer(sql, mode, comments);
  const tokens = withoutEnd(lexer.run());
  return { statement: analyseTokens(sql, tokens, mode), uncertain: lexer.uncertain };
}

/** Drops semicolons at the end. */
function withoutEnd(tokens: Token[]): Token[] {
  while (tokens[tokens.length - 1]?.text === ';') tokens.pop();
  return tokens;
}

function analyseTokens(sql: string, tokens: readonly Token[], mode: LexMode): Statement {
  const outline = outlineOf(tokens);
  const found = classify({ sql, tokens, outline });
  const { verb, main } = found;
  const features = featuresOf({
    sql,
    tokens,
    outline,
    mode,
    definition: found.kind === 'ddl',
    program: /^(?:CREATE|ALTER) (?:PROCEDURE|FUNCTION|TRIGGER|EVENT|PACKAGE)$/.test(verb),
    variablesInOut: found.kind === 'call' || found.kind === 'execute',
    set: isWord(tokens[0], 'SET'),
  });
  const several = statementEnd(tokens, 0) < tokens.length;
  const understood = found.understood && outline.balanced && !features.strange && !several;
  const kind = kindOf(found, features, understood);
  const { references, tables, writtenTables } = tablesOf({
    sql,
    tokens,
    outline,
    verb,
    main,
  });
  const clauses = clausesOf({ sql, tokens, outline, main, verb });
  const unsafe = unsafeOf({ sql, tokens, outline, features, clauses, tables, kind, verb });
  const names = new Set(features.calls.map((call) => call.name));
  return {
    kind,
    verb,
    understood,
    implicitCommit: found.implicitCommit,
    references,
    tables,
    writtenTables,
    ...functionUses(names, features),
    hasUnknownFunction: features.hasUnknownFunction,
    userVariablesRead: features.userVariablesRead,
    userVariablesAssigned: features.userVariablesAssigned,
    systemVariables: unique(features.systemVariables.map(({ name }) => name)),
    locking: features.locking,
    into: features.into,
    calcFoundRows: features.calcFoundRows,
    ...clauseFields(clauses, kind, verb),
    parameterCount: features.parameterOffsets.length,
    parameterOffsets: features.parameterOffsets,
    ...detailsOf(sql, tokens, found),
    normalised: normalise(sql, tokens),
    repeatable: kind === 'read' && isRepeatable({ sql, tokens, features, mode }),
    unsafe,
  };
}

/** Kinds that may be executed on one node alone, if nothing in them writes. */
function kindOf(found: Classification, features: Features, understood: boolean): StatementKind {
  if (found.kind === 'empty') return understood ? 'empty' : 'write';
  if (!understood) return 'write';
  if (found.kind === 'read' && features.sequence && found.verb !== 'EXPLAIN') return 'write';
  return found.kind;
}

const timestampFunctions = new Set(
  (
    'NOW CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP CURDATE CURRENT_DATE CURTIME CURRENT_TIME ' +
    'UTC_DATE UTC_TIME UTC_TIMESTAMP UNIX_TIMESTAMP SYSDATE'
  ).split(' '),
);

const userLockFunctions = [
  'GET_LOCK',
  'RELEASE_LOCK',
  'RELEASE_ALL_LOCKS',
  'IS_FREE_LOCK',
  'IS_USED_LOCK',
];

function functionUses(functions: ReadonlySet<string>, features: Features) {
  const variables = features.systemVariables;
  const readsVariable = (...names: string[]) => variables.some(({ name }) => names.includes(name));
  return {
    functions,
    usesLastInsertId:
      functions.has('LAST_INSERT_ID') || readsVariable('last_insert_id', 'identity', 'insert_id'),
    usesRand: functions.has('RAND') || readsVariable('rand_seed1', 'rand_seed2'),
    usesTimestamp:
      readsVariable('timestamp') || [...functions].some((name) => timestampFunctions.has(name)),
    usesFoundRows: functions.has('FOUND_ROWS') || functions.has('ROW_COUNT'),
    usesUserLock: userLockFunctions.some((name) => functions.has(name)),
    usesSequence: features.sequence,
  };
}

function clauseFields(clauses: Clauses, kind: StatementKind, verb: string) {
  const { insertSelect, ignore, onDuplicateKey } = clauses;
  const replaceOrUpdate = verb === 'REPLACE' || verb === 'UPDATE';
  return {
    limit: clauses.limit,
    orderBy: clauses.orderBy,
    insertSelect,
    insertColumns: clauses.insertColumns,
    insertRows: clauses.insertRows,
    onDuplicateKey,
    ignore,
    returning: clauses.returningIndex !== undefined,
    rowOrderSensitive:
      kind === 'write' &&
      ((verb === 'UPDATE' && ignore) ||
        (insertSelect && (ignore || onDuplicateKey || replaceOrUpdate))),
  };
}

function unique(names: readonly string[]): readonly string[] {
  return names.length < 2 ? names : [...new Set(names)];
}
