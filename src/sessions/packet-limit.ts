import { packetTooLarge } from '../protocol/command-scanner.ts';
import type { SessionContext } from './session-context.ts';
import type { WriteRequest } from './write-request.ts';

/**
 * The longest payload that a client may send now: every node must take what it is sent for it. The
 * servers refuse a packet of `max_allowed_packet` bytes too.
 * Source: MySQL `sql-common/net_serv.cc`, net_realloc.
 */
export function packetLimit({ config, nodes }: Pick<SessionContext, 'config' | 'nodes'>): number {
  let limit = config.limits.packetBytes;
  for (const { facts } of nodes.values()) {
    if (facts) limit = Math.min(limit, facts.maxAllowedPacket - 1);
  }
  return limit;
}

/** Command byte, and a space on each side of a literal. */
const commandBytes = 1;
const aroundLiteral = 2;

/**
 * Followers get the parameters of a prepared statement as literals in its text, which escapes make
 * longer than what the client sent. Throws packet_too_large, before anything has run.
 */
export function refuseTooLong(context: SessionContext, { sql, parameters }: WriteRequest): void {
  if (parameters.length === 0) return;
  let bytes = commandBytes + sql.length;
  for (const literal of parameters) bytes += literal.length + aroundLiteral;
  const limit = packetLimit(context);
  if (bytes > limit) throw packetTooLarge(limit);
}
