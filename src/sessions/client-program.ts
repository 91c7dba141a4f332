import type { HandshakeResponse } from '../protocol/handshake-response.ts';

/** Drivers that know no program of their own say which driver they are. */
export const programOf = ({ attributes }: HandshakeResponse): string | undefined =>
  (attributes?.get('program_name') ?? attributes?.get('_client_name'))?.slice(0, 100);
