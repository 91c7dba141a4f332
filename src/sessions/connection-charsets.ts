type Settings = ReadonlyMap<string, string>;

/** Stands for SET NAMES among the settings. No variable has this name. */
export const namesSetting = 'NAMES';

/** What SET NAMES sets. */
const ofNames: ReadonlySet<string> = new Set([
  'character_set_client',
  'character_set_results',
  'collation_connection',
]);

/**
 * With the character sets of client and results a server keeps the collation that a login or SET
 * NAMES named: it shows in the columns of results, and MariaDB gives it to what is bound. No
 * variable tells it and only SET NAMES sets it, so that is a setting too, behind what it sets. What
 * is set by itself afterwards stands behind it.
 */
export function namesOf(charset: string, collation: string | undefined): string {
  const belongs = collation?.startsWith(`${charset.slice(0, -1)}_`);
  return belongs ? `${charset} COLLATE ${collation}` : charset;
}

/** The assignments that give a session these settings, in their order: some change others. */
export function renderSettings(settings: Settings): string[] {
  const namesAt = [...settings.keys()].indexOf(namesSetting);
  return [...settings].flatMap(([name, literal], at) => {
    if (name === namesSetting) return [`NAMES ${literal}`];
    return at < namesAt && ofNames.has(name) ? [] : [`${name}=${literal}`];
  });
}

/** The same of the connection's character sets alone. */
export const renderCharsets = (settings: Settings): string[] =>
  renderSettings(
    new Map([...settings].filter(([name]) => name === namesSetting || ofNames.has(name))),
  );

/** The collation that came with the character set of results, without quotes. */
export function resultsCollation(settings: Settings): string | undefined {
  const names = [...settings.keys()];
  const setSince = names.indexOf('character_set_results') > names.indexOf(namesSetting);
  const named = setSince ? undefined : settings.get(namesSetting);
  return named && / COLLATE '(.*)'$/.exec(named)?.[1];
}
