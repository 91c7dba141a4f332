import { withMariadbFlags } from '../protocol/capabilities.ts';
import type { HandshakeResponse } from '../protocol/handshake-response.ts';
import type { CommonServer } from './common-server.ts';

/** What a session keeps of the client's answer to the greeting. */
export interface Agreed {
  /** Of both sides, MariaDB's above the others. */
  readonly capabilities: number;
  /** Asked for a password by RSA, the client may send it in clear. */
  readonly mayBeInClear: boolean;
}

export function agreedWith(
  { capabilities, mariadbCapabilities = 0, attributes }: HandshakeResponse,
  offered: CommonServer,
): Agreed {
  return {
    capabilities: withMariadbFlags(
      capabilities & offered.capabilities,
      mariadbCapabilities & (offered.mariadbCapabilities ?? 0),
    ),
    mayBeInClear: attributes?.get('_client_name') === 'libmariadb',
  };
}
