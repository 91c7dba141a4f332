import type { ErrorCode } from '../base/errors.ts';
import type { Statement } from '../sql/statement.ts';

/**
 * `flush_local`: FLUSH LOCAL TABLES, `read`: FLUSH TABLES WITH READ LOCK, `instance`: LOCK INSTANCE
 * FOR BACKUP.
 */
export type GlobalLockAction = 'flush_local' | 'read' | 'instance' | 'unlock_instance';

/** What is to be done with a statement, decided from its text alone. */
export type Plan =
  /** Any node that is in sync may answer. */
  | { readonly kind: 'read' }
  /** A read that only makes sense where writes are: it takes locks that others must meet. */
  | { readonly kind: 'leader_read' }
  /** `alone`: nothing else is logged beside it, because its effect depends on what runs beside. */
  | { readonly kind: 'write'; readonly alone: boolean }
  | { readonly kind: 'ddl' }
  /** Keeps the session on one connection to the leader from here on. */
  | { readonly kind: 'pin'; readonly reason: string }
  | { readonly kind: 'begin' }
  | { readonly kind: 'commit' }
  | { readonly kind: 'rollback' }
  | { readonly kind: 'savepoint' }
  | { readonly kind: 'rollback_to_savepoint' }
  | { readonly kind: 'release_savepoint' }
  | { readonly kind: 'set' }
  | { readonly kind: 'use' }
  | { readonly kind: 'lock_tables' }
  | { readonly kind: 'unlock_tables' }
  | { readonly kind: 'global_lock'; readonly action: GlobalLockAction }
  | { readonly kind: 'kill' }
  /** PREPARE, EXECUTE, DEALLOCATE. */
  | { readonly kind: 'prepared_text' }
  /** CALL: what its procedure does decides. */
  | { readonly kind: 'call' }
  /** Nothing but blanks and comments. */
  | { readonly kind: 'empty' }
  /** LOAD DATA LOCAL: the client is asked for its file first. */
  | { readonly kind: 'load' }
  | { readonly kind: 'refuse'; readonly code: ErrorCode; readonly message: string };

const unsupported = (message: string): Plan => ({ kind: 'refuse', code: 'unsupported', message });

/** Decides for one statement; what only the catalogue can tell is decided by the session. */
export function planStatement(statement: Statement): Plan {
  switch (statement.kind) {
    case 'read':
      return planRead(statement);
    case 'show_session':
      return { kind: 'read' };
    case 'write':
      return { kind: 'write', alone: statement.insertSelect };
    case 'ddl':
      return statement.temporary ? { kind: 'pin', reason: 'temporary table' } : { kind: 'ddl' };
    case 'begin':
    case 'commit':
    case 'rollback':
    case 'savepoint':
    case 'rollback_to_savepoint':
    case 'release_savepoint':
    case 'set':
    case 'use':
    case 'lock_tables':
    case 'unlock_tables':
    case 'kill':
    case 'empty':
      return { kind: statement.kind };
    case 'call':
      return statement.verb === 'CALL'
        ? { kind: 'call' }
        : unsupported(`${statement.verb} is not supported: CREATE PROCEDURE and CALL it`);
    case 'prepare':
    case 'execute':
    case 'deallocate':
      return { kind: 'prepared_text' };
    case 'load_data':
      return statement.local
        ? { kind: 'load' }
        : unsupported(
            `${statement.verb} INFILE would read a file that lies on one node: ` +
              `use ${statement.verb} LOCAL INFILE`,
          );
    case 'xa':
      return unsupported('XA transactions are not supported: use BEGIN and COMMIT');
    case 'handler':
      return unsupported('HANDLER is not supported: use SELECT … WHERE … ORDER BY … LIMIT');
    case 'flush_lock':
      return planFlushLock(statement.verb);
    case 'replication_admin':
      return unsupported(`${statement.verb} is not supported: Lockstep keeps the nodes equal`);
  }
}

const globalLocks: ReadonlyMap<string, GlobalLockAction> = new Map([
  ['FLUSH LOCAL TABLES', 'flush_local'],
  ['FLUSH TABLES WITH READ LOCK', 'read'],
  ['LOCK INSTANCE', 'instance'],
  ['UNLOCK INSTANCE', 'unlock_instance'],
]);

function planFlushLock(verb: string): Plan {
  const action = globalLocks.get(verb);
  if (action) return { kind: 'global_lock', action };
  return unsupported(
    `${verb} is not supported: it would stop one node only; FLUSH TABLES WITH READ LOCK and ` +
      'LOCK TABLES … READ keep others from writing on every node',
  );
}

function planRead(statement: Statement): Plan {
  if (statement.into === 'outfile' || statement.into === 'dumpfile') {
    return unsupported('SELECT … INTO OUTFILE is not supported: the file would lie on one node');
  }
  if (statement.usesUserLock) return { kind: 'pin', reason: 'user-level lock' };
  if (statement.locking) return { kind: 'leader_read' };
  return { kind: 'read' };
}
