import { Document } from 'yaml';
import type { Config } from './config.ts';
import { ConfigReader } from './config-reader.ts';
import { nearestName } from './nearest-name.ts';
import { type PlacedSetting, settingsOf, withValue } from './placed-settings.ts';
import { group, keyOf } from './setting.ts';

/** A configuration with other values, or all that is wrong with them. */
export interface ChangedConfig {
  readonly config: Config;
  readonly problems: readonly string[];
}

/**
 * `set` has values as they would be written in the file, by path; null: as if the file were
 * silent. Each is checked by itself as the file's are; `crossChecks` is for the caller.
 */
export function changeConfig(
  config: Config,
  set: Readonly<Record<string, unknown>>,
): ChangedConfig {
  const settings = new Map(settingsOf(config).map((setting) => [setting.path, setting]));
  const problems: string[] = [];
  let changed = config;
  for (const [path, value] of Object.entries(set)) {
    const setting = settings.get(path);
    if (setting === undefined) {
      problems.push(unknownPath(path, [...settings.keys()]));
      continue;
    }
    const read = readWritten(setting, value);
    problems.push(...read.problems);
    if (read.problems.length === 0) changed = withValue(changed, setting, read.value);
  }
  return { config: changed, problems };
}

function unknownPath(path: string, known: readonly string[]): string {
  const near = nearestName(path, known);
  const hint = near === undefined ? '' : ` (did you mean "${near}"?)`;
  return `unknown setting "${path}"${hint}`;
}

/** By the reader of the file, so that the same is allowed and the words are the same. */
function readWritten({ path, names, member }: PlacedSetting, written: unknown) {
  const name = names.at(-1) ?? '';
  const key = keyOf(name);
  const document = new Document(written === null ? {} : { [key]: written });
  const refuse = (): never => {
    throw new Error('files of the server are not read for somebody else');
  };
  const options = { document, fileName: '', readFile: refuse, env: {} };
  const reader = new ConfigReader(options);
  const around = path.slice(0, -key.length - 1);
  const values = reader.readGroup(group('', { [name]: member }), document.contents, around, 0);
  return { value: values[name], problems: reader.problems.map(({ message }) => message) };
}
