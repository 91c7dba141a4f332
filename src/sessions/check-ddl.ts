import { isWriteSetting, spoilsTransactions } from '../nodes/server-facts.ts';
import { queryRows } from '../nodes/query-rows.ts';
import { parseSet } from '../sql/set-statement.ts';
import type { Statement } from '../sql/statement.ts';
import { isTemporary, refusal, unsafe } from './check-write.ts';
import { guardMarkers } from './guard-markers.ts';
import type { SessionCore } from './session-core.ts';

/**
 * Definitions whose text is the same everywhere although what they define computes differently: it
 * is judged when a write comes to use it.
 */
const judgedWhenUsed = new Set([
  'CREATE TABLE',
  'CREATE VIEW',
  'ALTER VIEW',
  'CREATE PROCEDURE',
  'CREATE FUNCTION',
  'CREATE PACKAGE',
  'CREATE EVENT',
  'ALTER EVENT',
]);

/** In these the account that is logged in is written out. */
export const accountVerbs = /^(?:(?:CREATE|ALTER|DROP|RENAME) (?:USER|ROLE)|GRANT|REVOKE|SET)$/;

/** After these what was known of accounts and their rights may be outdated. */
export const changesAccounts = ({ verb }: Statement): boolean =>
  accountVerbs.test(verb) || verb === 'FLUSH';

/** What acts on one server or its files, and would not stop there. */
const oneServer = /^(?:SHUTDOWN|RESTART|CLONE|IMPORT|ALTER INSTANCE)$/;

/** Refuses DDL that would differ between nodes; throws unsafe_statement or unsupported. */
export async function checkDdl(
  core: SessionCore,
  statement: Statement,
  sql: string,
): Promise<void> {
  const { verb } = statement;
  guardMarkers(core, statement);
  const item = statement.unsafe.find(({ kind, text }) => {
    if (kind !== 'current_user') return true;
    if (accountVerbs.test(verb)) return false;
    // A trigger runs as the account that made it, the same on every node.
    return verb !== 'CREATE TRIGGER' || !/^CURRENT_(USER|ROLE)/i.test(text);
  });
  if (item && (statement.insertSelect || !judgedWhenUsed.has(verb))) {
    throw refusal(item, statement);
  }
  if (statement.insertSelect) refuseUnorderedRows(statement, sql);
  if (statement.tables.some((table) => isTemporary(core, table))) {
    throw unsafe(
      `${verb} reads or changes a temporary table, which exists on one node only`,
      'create the table first, then INSERT … SELECT from the temporary one',
    );
  }
  if (
    /^(?:CREATE|ALTER) USER|^SET/.test(verb) &&
    /\bRANDOM\s+PASSWORD\b|\bTO\s+RANDOM\b/i.test(sql)
  ) {
    throw unsafe('a random password would differ on every node', 'choose it in the application');
  }
  if (oneServer.test(verb) || /\b(?:DISCARD|IMPORT)\s+TABLESPACE\b/i.test(sql)) {
    throw unsafe(`${verb} is about one server and its files`, 'run it on that server, directly');
  }
  if (verb === 'SET') refuseServerSettings(core, sql);
  if (verb === 'ALTER TABLE' && statement.usesSequence) {
    throw unsafe(
      'ALTER TABLE would take values from a sequence for rows in no fixed order',
      'add the column without it, then UPDATE',
    );
  }
  if (verb === 'CREATE EVENT' || verb === 'ALTER EVENT') await refuseRunningEvents(core, verb);
}

/** CREATE TABLE … SELECT whose rows, or the ids they get, depend on an order that is not fixed. */
function refuseUnorderedRows(statement: Statement, sql: string): void {
  const generates = /\bAUTO_INCREMENT\b/i.test(sql) && statement.orderBy === null;
  const chooses =
    statement.limit || statement.ignore || /\bREPLACE\s+(?:AS\s+)?\(?SELECT/i.test(sql);
  if (!generates && !chooses && !statement.usesRand) return;
  throw unsafe(
    'CREATE TABLE … SELECT would choose or number rows differently on every node',
    'create the table first, then INSERT … SELECT into it',
  );
}

const serverScopes: ReadonlySet<string> = new Set([
  'global',
  'persist',
  'persist_only',
  'transaction_global',
]);

/** SET GLOBAL of what sessions begin with: some would have begun before, others after it. */
function refuseServerSettings(core: SessionCore, sql: string): void {
  for (const { scope, name, literal } of parseSet(sql, core.lexMode)) {
    if (!serverScopes.has(scope)) continue;
    if (isWriteSetting(name)) {
      throw unsafe(
        `SET ${scope.toUpperCase()} ${name} would change what writes of other sessions compute`,
        'SET it in the session, or in the configuration of every server before it is started',
      );
    }
    if (spoilsTransactions(name, literal)) {
      throw unsafe(
        `${name} for all sessions would change how transactions of other sessions run`,
        'SET it in the session',
      );
    }
    if (name === 'event_scheduler' && !/^(?:0|OFF|DISABLED)$/i.test(literal ?? '')) {
      throw unsafe('events would run on every node', 'run what they do from one client');
    }
  }
}

async function refuseRunningEvents(core: SessionCore, verb: string): Promise<void> {
  for (const node of core.context.nodes.values()) {
    if (node.state !== 'UP') continue;
    const connection = await core.takeConnection(node);
    try {
      const [row] = await queryRows(connection, 'SELECT @@global.event_scheduler AS scheduler');
      if (row?.['scheduler'] !== 'ON') continue;
      throw unsafe(
        `${verb}: the event scheduler of node ${node.name} is on, and would run events there only`,
        'SET GLOBAL event_scheduler=OFF on every server, directly, and in its configuration',
      );
    } finally {
      node.pool.give(connection);
    }
  }
}
