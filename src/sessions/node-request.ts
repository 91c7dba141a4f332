import { commandPacket, type NodeConnection } from '../nodes/node-connection.ts';
import { CommandByte } from '../protocol/commands.ts';
import type { ResponseKind } from '../protocol/response-sink.ts';

/** A client's command in the form that a node takes; sent as often as it must be retried. */
export interface NodeRequest {
  readonly kind: ResponseKind;
  /** Size of what is sent. */
  readonly bytes: number;
  /** What must be done on this connection first (preparing a statement); undefined if nothing. */
  readonly before: ((connection: NodeConnection) => Promise<void>) | undefined;
  packetsFor(connection: NodeConnection): Buffer;
  /** The rows are to come in the binary protocol, as those of a prepared statement. */
  readonly binary: boolean;
  /** The same with another text, which has the same parameters. */
  withText(sql: string): NodeRequest;
}

/** A command that is the same bytes for every node. */
export const plainRequest = (packets: Buffer, kind: ResponseKind = 'query'): NodeRequest => ({
  kind,
  bytes: packets.length,
  before: undefined,
  packetsFor: () => packets,
  binary: false,
  withText: textRequest,
});

/** A statement as text; `sql` is a binary string. */
export const textRequest = (sql: string): NodeRequest =>
  plainRequest(commandPacket(CommandByte.QUERY, Buffer.from(sql, 'latin1')));
