import { nodeName } from '../base/brands.ts';
import type { NodeConfig } from './config.ts';
import { configSchema } from './config-schema.ts';
import { configError, expected } from './problem.ts';
import { readValue } from './read-value.ts';
import { type Form, keyOf } from './setting.ts';

const nodeSettings = configSchema.members.nodes.item.members;
const wholeForm = 'name=mysql://user:password@host:port/schema?weight=1';
/** What may stand behind the question mark. */
const parameters = [
  'weight',
  'tls',
  'tlsCaFile',
  'tlsCertFile',
  'tlsKeyFile',
  'compression',
] as const;

/** Either the node, or all that is wrong with the text. Passwords are never repeated. */
export interface ParsedNodeText {
  readonly node?: NodeConfig;
  readonly problems: readonly string[];
}

/**
 * Reads `mysql1=mysql://user:pw@127.0.0.1:3307/app?weight=2`, as `--node` gives it. User,
 * password and schema are percent-decoded. Throws LockstepError('config_invalid').
 */
export function parseNodeArgument(text: string): NodeConfig {
  const { node, problems } = parseNodeText(text);
  if (node !== undefined) return node;
  throw configError(problems.map((problem) => `--node ${hidePassword(text)}: ${problem}`));
}

export function parseNodeText(text: string): ParsedNodeText {
  const equals = text.indexOf('=');
  const scheme = text.indexOf('://');
  if (equals < 1 || scheme < equals) {
    return { problems: [`has no name before the address; expected ${wholeForm}`] };
  }
  const url = parseUrl(text.slice(equals + 1));
  if (url === undefined) return { problems: [`is not an address; expected ${wholeForm}`] };
  const problems: string[] = [];
  const check = (path: string, form: Form, source: string, value: unknown = source) => {
    const read = readValue(form, { value, source });
    if (read.kind === 'wrong') problems.push(expected(path, read.wrong, read.right));
    return read.kind === 'value' ? read.value : undefined;
  };
  const decode = (path: string, encoded: string): string => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      problems.push(expected(path, 'has a "%" that is not an escape', '%25 for a plain "%"'));
      return '';
    }
  };
  const number = (path: string, form: Form, source: string) =>
    check(path, form, source, /^\d+$/.test(source) ? Number(source) : source) as number;

  const name = check('name', nodeSettings.name.form, text.slice(0, equals)) as string;
  const user = check('user', nodeSettings.user.form, decode('user', url.username)) as string;
  const password = decode('password', url.password);
  const schema = decode('schema', url.pathname.replace(/^\//, ''));
  if (url.hash !== '') problems.push('has a "#"; write %23 for one in a password');
  if (url.hostname === '') problems.push('host: is required');
  const port = url.port === '' ? 3306 : number('port', nodeSettings.port.form, url.port);
  const given: Record<string, unknown> = {};
  for (const [key, value] of url.searchParams) {
    const parameter = parameters.find((one) => keyOf(one) === key);
    if (parameter === undefined) {
      const allowed = parameters.map(keyOf).join(', ');
      problems.push(`unknown parameter "${key}"; allowed: ${allowed}`);
      continue;
    }
    const { form } = nodeSettings[parameter];
    given[parameter] = form.kind === 'integer' ? number(key, form, value) : check(key, form, value);
  }
  if (problems.length > 0) return { problems };
  const weight = nodeSettings.weight.defaultValue ?? 1;
  // The brackets of [::1] belong to the URL, not to the address.
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const node: NodeConfig = { name: nodeName(name), host, port, user, password, weight, ...given };
  return { node: schema === '' ? node : { ...node, schema }, problems };
}

function parseUrl(text: string): URL | undefined {
  if (!/^(?:mysql|mariadb):\/\//.test(text) || !URL.canParse(text)) return undefined;
  return new URL(text);
}

function hidePassword(text: string): string {
  return text.replace(/(:\/\/[^:@/]*):.*@/, '$1:…@');
}
