import type { TSchema } from 'typebox';
import { nearestName } from '../config/nearest-name.ts';
import type { Operation } from '../http/operation.ts';
import type { ApiCall } from './call-api.ts';
import { CliError, exitCodes } from './cli-error.ts';

interface Property {
  readonly name: string;
  readonly place: 'params' | 'query' | 'body';
  readonly schema: TSchema;
  readonly required: boolean;
}

type ObjectSchema = TSchema & {
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
};

/** What an operation can be given, by name. */
export function propertiesOf({ schema }: Operation): Property[] {
  return (['params', 'query', 'body'] as const).flatMap((place) => {
    const { properties = {}, required = [] } = (schema[place] ?? {}) as ObjectSchema;
    return Object.entries(properties).map(([name, property]) => {
      return { name, place, schema: property, required: required.includes(name) };
    });
  });
}

/** `--name mysql2 --force` or `--name=mysql2` as names and texts. */
export function parametersOf(words: readonly string[]): Map<string, string> {
  const given = new Map<string, string>();
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const [, name, value] = /^--([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
    if (name === undefined) throw usage(`${word}: expected --parameter value`);
    const next = words[index + 1];
    if (value !== undefined) given.set(name, value);
    else if (next === undefined || next.startsWith('--')) given.set(name, 'true');
    else {
      given.set(name, next);
      index += 1;
    }
  }
  return given;
}

/** The call that this operation is with these parameters; `body` holds JSON for the whole body. */
export function callOf(operation: Operation, given: ReadonlyMap<string, string>): ApiCall {
  const properties = propertiesOf(operation);
  const names = properties.map(({ name }) => name);
  for (const name of given.keys()) {
    if (names.includes(name) || (name === 'body' && operation.schema.body)) continue;
    const near = nearestName(name, names);
    const hint = near === undefined ? '' : ` (did you mean --${near}?)`;
    const allowed = names.length === 0 ? 'it takes none' : `it takes ${names.join(', ')}`;
    throw usage(`${operation.name} has no parameter ${name}${hint}; ${allowed}`);
  }
  const whole = given.get('body');
  const needed =
    whole === undefined ? properties : properties.filter((one) => one.place !== 'body');
  const missing = needed.filter(({ name, required }) => required && !given.has(name));
  if (missing.length > 0) {
    throw usage(`${operation.name} needs ${missing.map(({ name }) => `--${name}`).join(', ')}`);
  }
  const values = (place: Property['place']): [string, unknown][] =>
    properties
      .filter((one) => one.place === place && given.has(one.name))
      .map(({ name, schema }) => [name, valueOf(name, given.get(name) ?? '', schema)]);
  let path = operation.path;
  for (const [name, value] of values('params')) {
    path = path.replace(`{${name}}`, encodeURIComponent(String(value)));
  }
  const query = new URLSearchParams();
  for (const [name, value] of values('query')) query.set(name, String(value));
  const body = whole === undefined ? bodyOf(operation, values('body')) : jsonOf('body', whole);
  const { method } = operation;
  return {
    method,
    path: query.size === 0 ? path : `${path}?${query.toString()}`,
    ...(body === undefined ? {} : { body }),
  };
}

function bodyOf({ schema }: Operation, values: readonly [string, unknown][]): unknown {
  return schema.body === undefined ? undefined : Object.fromEntries(values);
}

function valueOf(name: string, text: string, schema: TSchema): unknown {
  const { type } = schema as { readonly type?: unknown };
  if (type === 'string') return text;
  if ((type === 'integer' || type === 'number') && text.trim() !== '') {
    const value = Number(text);
    if (!Number.isNaN(value)) return value;
    throw usage(`--${name} ${text}: expected a number`);
  }
  if (type === 'object' || type === 'array') return jsonOf(name, text);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function jsonOf(name: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw usage(`--${name}: expected JSON`, cause);
  }
}

const usage = (message: string, cause?: unknown): CliError =>
  new CliError(message, { exitCode: exitCodes.usage, cause });
