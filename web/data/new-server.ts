import type { NodeTlsMode } from '../../src/config/node-tls-mode.ts';
import type { NodeStatus } from '../../src/http/schemas.ts';
import { ProblemError } from './api.ts';
import type { Change } from './queries.ts';

/** What is typed of a server that is to be a node. */
export interface NewServer {
  readonly name: string;
  readonly host: string;
  readonly port: string;
  readonly user: string;
  readonly password: string;
  readonly schema: string;
  readonly weight: string;
  readonly tls: NodeTlsMode;
  /** What it holds may be lost. */
  readonly resync: boolean;
  /** Of a node that it replaces: nothing is waited for. */
  readonly force: boolean;
}

export type ServerField = keyof NewServer;
export type FieldErrors = Readonly<Partial<Record<ServerField, string>>>;

export const emptyServer: NewServer = {
  ...{ name: '', host: '', port: '3306', user: '', password: '', schema: '' },
  ...{ weight: '1', tls: 'off', resync: false, force: false },
};

const nodeName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
const hostName = /^[^\s/?#@]+$/;

/** What is wrong with it before anybody is asked. `replaced`: the node whose place it takes. */
export function errorsOf(
  server: NewServer,
  nodes: readonly Pick<NodeStatus, 'name' | 'address'>[],
  replaced?: string,
): FieldErrors {
  const { name, host, port, user, weight } = server;
  const errors: Partial<Record<ServerField, string>> = {};
  if (replaced === undefined) {
    if (name === '') errors.name = 'Give it a name, such as mysql4.';
    else if (!nodeName.test(name)) {
      errors.name = 'Letters, digits, "-", "_" and "."; the first a letter or digit.';
    } else if (nodes.some((node) => node.name === name)) {
      errors.name = `There is a node named ${name} already.`;
    }
  }
  const address = `${host.toLowerCase()}:${port}`;
  const owner = nodes.find((node) => node.address.toLowerCase() === address);
  if (host === '') errors.host = 'Which machine is it on?';
  else if (!hostName.test(host)) errors.host = 'A name or an address, without port or user.';
  else if (owner !== undefined) errors.host = `${address} is the server of ${owner.name}.`;
  if (!isWhole(port, 1, 65_535)) errors.port = 'From 1 to 65535.';
  if (user === '') errors.user = 'Which account does Lockstep use there?';
  if (!isWhole(weight, 1, 1_000)) errors.weight = 'From 1 to 1000.';
  return errors;
}

function isWhole(text: string, min: number, max: number): boolean {
  return /^\d{1,6}$/.test(text) && Number(text) >= min && Number(text) <= max;
}

/** How the balancer is asked for it. */
export function changeFor(server: NewServer, replaced?: string): Change {
  const { name, password, resync, force } = server;
  const common = { url: urlOf(server), password, ...(resync ? { resync } : {}) };
  if (replaced === undefined) return { method: 'POST', path: '/nodes', body: { name, ...common } };
  const path = `/nodes/${encodeURIComponent(replaced)}`;
  return { method: 'PUT', path, body: { ...common, ...(force ? { force } : {}) } };
}

/** The password is not in it: it goes by itself, so that no message can repeat it. */
function urlOf({ host, port, user, schema, weight, tls }: NewServer): string {
  const place = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host;
  const parameters = new URLSearchParams({ weight, ...(tls === 'off' ? {} : { tls }) });
  const account = encodeURIComponent(user);
  return `mysql://${account}@${place}:${port}/${encodeURIComponent(schema)}?${parameters}`;
}

const fields: Readonly<Record<string, ServerField>> = {
  ...{ name: 'name', url: 'host', password: 'password', resync: 'resync', force: 'force' },
};

/** What the balancer found wrong, by the field where it is mended; none: it is about all of it. */
export function refusalOf(error: unknown): FieldErrors {
  if (!(error instanceof ProblemError) || error.problem.field === undefined) return {};
  const field = fields[error.problem.field];
  return field === undefined ? {} : { [field]: capitalised(error.message) };
}

const capitalised = (text: string): string => text.replace(/^[a-z](?=[a-z]* )/, upper);
const upper = (letter: string): string => letter.toUpperCase();
