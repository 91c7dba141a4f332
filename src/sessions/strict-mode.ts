import type { SessionCore } from './session-core.ts';

/** Whether a value that does not fit is an error in the session's writes, not a warning. */
export function isStrict(core: SessionCore): boolean {
  const own = core.state.carried.settings.get('sql_mode');
  const mode = own ?? core.anyFacts()?.defaults.get('sql_mode') ?? '';
  return /STRICT_(?:TRANS|ALL)_TABLES/.test(mode);
}
