import { errorTable } from '../base/errors.ts';
import { encodeErr } from '../protocol/err-packet.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import type { SessionCore } from './session-core.ts';

/** How long a client may be silent: as the session has set it, else by configuration. */
export function idleTimeoutMs(core: SessionCore, interactive: boolean): number {
  const seconds = Number(core.state.carried.settings.get('wait_timeout'));
  if (seconds > 0) return seconds * 1000;
  const { limits } = core.context.config;
  return interactive ? limits.interactiveTimeoutMs : limits.idleTimeoutMs;
}

/** MySQL tells the client why, unasked (8.0.24 and later); MariaDB only closes. */
export function tellIdle(core: SessionCore): void {
  core.context.counters.error('idle_timeout');
  if (core.lexMode.flavor !== 'mysql') return;
  const { errno, sqlState } = errorTable.idle_timeout;
  const message = 'The client was disconnected by the server because of inactivity.';
  core.client.write(encodePacket(encodeErr({ errno, sqlState, message }), 0));
}
