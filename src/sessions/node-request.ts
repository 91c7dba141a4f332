import type { NodeConnection } from '../nodes/node-connection.ts';
import type { ResponseKind } from '../protocol/response-scanner.ts';

/** A client's command in the form that a node takes; sent as often as it must be retried. */
export interface NodeRequest {
  readonly kind: ResponseKind;
  /** What must be done on this connection first (preparing a statement); undefined if nothing. */
  readonly before: ((connection: NodeConnection) => Promise<void>) | undefined;
  packetsFor(connection: NodeConnection): Buffer;
}

/** A command that is the same bytes for every node. */
export const plainRequest = (packets: Buffer, kind: ResponseKind = 'query'): NodeRequest => ({
  kind,
  before: undefined,
  packetsFor: () => packets,
});
