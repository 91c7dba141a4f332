import type { NodeName } from '../base/brands.ts';
import type { ConnectionKind } from '../nodes/connection-pool.ts';
import type { SocketHandle } from '../nodes/socket-handle.ts';
import type { LexMode } from '../sql/lex-mode.ts';
import type { Statement } from '../sql/statement.ts';
import type { CarriedState } from './session-state.ts';

/** What a worker must know of a session to answer its quick reads. */
export interface LoanTerms {
  readonly id: number;
  /** All of its reads go there, as long as it is lent: so it never goes back in time. */
  readonly node: NodeName;
  readonly kind: ConnectionKind;
  readonly carried: CarriedState;
  readonly mode: LexMode;
  /** Its commands may carry query attributes. */
  readonly attributed: boolean;
}

/**
 * - `command`: it asks for what is no quick read.
 * - `read`: it asks for one that is not known to be quick, or was not just now.
 * - `idle`: it has asked for nothing for a while.
 * - `due`: it was lent for long, or was called back.
 */
export type ReturnReason = 'command' | 'read' | 'idle' | 'due';

/** A session as it comes back. */
export interface Returned {
  readonly reason: ReturnReason;
  /** What its client has sent and nobody has answered. */
  readonly bytes: Buffer;
  /** How many reads were answered meanwhile. */
  readonly reads: number;
  /** Rows of the last one of them. */
  readonly rows: number;
  /** So long its client has been silent. */
  readonly idleMs: number;
}

/** Whose session it is, and who takes it back. */
export interface LoanOwner {
  returned(handle: SocketHandle, returned: Returned): void;
  /** The client is gone, or the worker. */
  gone(): void;
}

export interface Loan {
  /** When its client asked for something last, as far as that is known. */
  readonly sinceMs: number;
  /** Has the session come back as soon as it has the answer that it waits for. */
  recall(): void;
  /** Sends the client away; the owner hears nothing more. */
  end(): void;
}

/** Processes beside this one that serve quick reads of sessions that are lent to them. */
export interface SessionLender {
  /** A session whose reads go to the node can be lent now. */
  mayLend(node: NodeName): boolean;
  /** Only after `mayLend`, in the same turn. */
  lend(terms: LoanTerms, handle: SocketHandle, owner: LoanOwner): Loan;
  /** Statements of this form are quick, and do nothing but read, in this default schema. */
  noteQuick(statement: Statement, schema: string): void;
  /**
   * Resolves when no worker begins a read any more, and none does until what it gives is called:
   * sessions that are lent come back with their next command.
   */
  hold(): Promise<() => void>;
}
