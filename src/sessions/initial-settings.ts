import type { SessionCore } from './session-core.ts';

/** Session variables that the client's handshake asked for. */
export function initialSettings(
  core: SessionCore,
  characterSet: number,
): ReadonlyMap<string, string> {
  const collation = core.anyFacts()?.collations.get(characterSet);
  if (!collation) return new Map();
  return new Map([
    ['character_set_client', `'${collation.charset}'`],
    ['character_set_results', `'${collation.charset}'`],
    ['collation_connection', `'${collation.collation}'`],
  ]);
}
