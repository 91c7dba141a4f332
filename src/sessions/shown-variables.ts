import { PayloadReader } from '../protocol/packet-reader.ts';
import { PayloadWriter } from '../protocol/packet-writer.ts';
import type { Statement } from '../sql/statement.ts';
import type { Answer } from './answer.ts';
import type { SessionCore } from './session-core.ts';

const asks = /^SHOW (?:VARIABLES|SESSION|LOCAL)$/;
/** The byte that begins a row of the binary protocol, and the bits of its two columns. */
const binaryHeadBytes = 2;

/** SHOW VARIABLES asks a connection, some of whose variables are not the session's. */
export const showsVariables = ({ verb }: Statement): boolean => asks.test(verb);

/** Has its rows say what the session's variables are. */
export function tellVariables(core: SessionCore, answer: Answer, binary: boolean): void {
  if (answer.kind !== 'held') return;
  const values: ReadonlyMap<string, string> = new Map([
    ['autocommit', core.autocommit ? 'ON' : 'OFF'],
    ['pseudo_thread_id', String(core.id)],
  ]);
  answer.reply.changeRows((row) => {
    const head = row.subarray(0, binary ? binaryHeadBytes : 0);
    const name = new PayloadReader(row, head.length).nullableLenencBytes();
    const value = name && values.get(name.toString('latin1'));
    if (!value) return row;
    return new PayloadWriter().bytes(head).lenencBytes(name).lenencLatin1(value).finish();
  });
}
