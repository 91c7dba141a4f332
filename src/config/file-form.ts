import type { Config } from './config.ts';
import { configSchema } from './config-schema.ts';
import { writtenValue } from './placed-settings.ts';
import { keyOf, type Members } from './setting.ts';

/** A configuration as it would be written in a file, secrets and all; for `JSON.stringify`. */
export const fileFormOf = (config: Config): object => formOf(configSchema.members, config);

function formOf(members: Members, values: object): object {
  const entries = Object.entries(members).flatMap(([name, member]) => {
    const value = (values as Record<string, unknown>)[name];
    if (value === undefined) return [];
    return [[keyOf(name), memberForm(member, value)]];
  });
  return Object.fromEntries(entries) as object;
}

function memberForm(member: Members[string], value: unknown): unknown {
  if (member.kind === 'group') return formOf(member.members, value as object);
  if (member.kind === 'setting') return writtenValue({ member }, value);
  if (typeof value === 'string') return value;
  return (value as object[]).map((item) => formOf(member.item.members, item));
}
