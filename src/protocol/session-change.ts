import { PayloadReader } from './packet-reader.ts';
import { PayloadWriter } from './packet-writer.ts';

/**
 * What session tracking reports in an OK packet. All strings are binary strings.
 * Source: MySQL `include/mysql_com.h`, `enum_session_state_type`, page "Protocol::OK_Packet".
 */
export type SessionChange =
  | { readonly kind: 'system_variable'; readonly name: string; readonly value: string }
  | { readonly kind: 'schema'; readonly name: string }
  | { readonly kind: 'state_change'; readonly changed: boolean }
  | { readonly kind: 'gtids'; readonly gtids: string }
  /** Statements that would start the transaction with its characteristics, or ''. */
  | { readonly kind: 'transaction_characteristics'; readonly statements: string }
  /** Eight characters: T I r R w W s S L, `_` where it does not hold. */
  | { readonly kind: 'transaction_state'; readonly state: string }
  | { readonly kind: 'other'; readonly type: number; readonly data: Buffer };

const trackType = {
  systemVariables: 0,
  schema: 1,
  stateChange: 2,
  gtids: 3,
  transactionCharacteristics: 4,
  transactionState: 5,
} as const;

export function decodeSessionChanges(bytes: Buffer): SessionChange[] {
  const changes: SessionChange[] = [];
  const reader = new PayloadReader(bytes);
  while (!reader.atEnd) {
    const type = reader.u8();
    decodeChange(type, reader.lenencBytes(), changes);
  }
  return changes;
}

function decodeChange(type: number, data: Buffer, changes: SessionChange[]): void {
  const reader = new PayloadReader(data);
  const text = (): string => reader.lenencBytes().toString('latin1');
  switch (type) {
    case trackType.systemVariables:
      while (!reader.atEnd) changes.push({ kind: 'system_variable', name: text(), value: text() });
      return;
    case trackType.schema:
      changes.push({ kind: 'schema', name: text() });
      return;
    case trackType.stateChange:
      // One character, without the length of its own that the documentation gives it.
      changes.push({ kind: 'state_change', changed: data.toString('latin1') === '1' });
      return;
    case trackType.gtids:
      // One byte names the encoding; 0, plain text, is the only one there is.
      reader.advance(1);
      changes.push({ kind: 'gtids', gtids: text() });
      return;
    case trackType.transactionCharacteristics:
      changes.push({ kind: 'transaction_characteristics', statements: text() });
      return;
    case trackType.transactionState:
      changes.push({ kind: 'transaction_state', state: text() });
      return;
    default:
      changes.push({ kind: 'other', type, data });
  }
}

export function encodeSessionChanges(changes: readonly SessionChange[]): Buffer {
  const writer = new PayloadWriter(128);
  for (const change of changes) {
    const { type, data } = encodeChange(change);
    writer.u8(type).lenencBytes(data);
  }
  return writer.finish();
}

function encodeChange(change: SessionChange): { type: number; data: Buffer } {
  const writer = new PayloadWriter();
  switch (change.kind) {
    case 'system_variable':
      writer.lenencLatin1(change.name).lenencLatin1(change.value);
      return { type: trackType.systemVariables, data: writer.finish() };
    case 'schema':
      return { type: trackType.schema, data: writer.lenencLatin1(change.name).finish() };
    case 'state_change':
      writer.latin1(change.changed ? '1' : '0');
      return { type: trackType.stateChange, data: writer.finish() };
    case 'gtids':
      return { type: trackType.gtids, data: writer.u8(0).lenencLatin1(change.gtids).finish() };
    case 'transaction_characteristics':
      writer.lenencLatin1(change.statements);
      return { type: trackType.transactionCharacteristics, data: writer.finish() };
    case 'transaction_state':
      return { type: trackType.transactionState, data: writer.lenencLatin1(change.state).finish() };
    case 'other':
      return { type: change.type, data: change.data };
  }
}
