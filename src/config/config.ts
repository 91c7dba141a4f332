import { configSchema } from './config-schema.ts';
import type { Members, ValueOf } from './setting.ts';

/** All settings; times in milliseconds (`…Ms`), sizes in bytes (`…Bytes`). */
export type Config = ValueOf<typeof configSchema>;
export type NodeConfig = Config['nodes'][number];
export type UserConfig = Exclude<Config['users'], string>[number];

/** What applies where the file is silent. Nodes have no default: `nodes` is empty. */
export const defaultConfig: Config = defaultsOf(configSchema.members) as Config;

/** The defaults of a group, by member name; what has none is left out. */
export function defaultsOf(members: Members): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(members)) {
    if (member.kind === 'group') values[name] = defaultsOf(member.members);
    else if (member.kind === 'list') values[name] = [];
    else if (member.presence === 'default') values[name] = member.defaultValue;
  }
  return values;
}
