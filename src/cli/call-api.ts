import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { CliError, type ExitCode, exitCodes, isUsage, saysItself } from './cli-error.ts';

export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default 30 s. */
  readonly deadlineMs?: number;
}

const deadlineMsDefault = 30_000;

/**
 * One call to the HTTP API of the balancer at `url`; T is what its OpenAPI document says.
 * Throws CliError with what the balancer says is wrong, or that none is there.
 */
export async function callApi<T>(url: string, call: ApiCall): Promise<T> {
  const { status, text } = await request(url, call);
  if (status === 204) return undefined as T;
  const body = parse(text);
  if (status < 400 && body !== undefined) return body as T;
  throw apiError(url, status, body);
}

/** Any answer as it comes, its body to be read until `signal`. Throws as `callApi` does. */
export async function openApi(url: string, call: ApiCall, signal: AbortSignal): Promise<Response> {
  const response = await fetchApi(url, call, signal).catch((cause: unknown) => {
    throw unreachable(url, cause);
  });
  if (response.ok) return response;
  throw apiError(url, response.status, parse(await response.text()));
}

async function request(url: string, call: ApiCall): Promise<{ status: number; text: string }> {
  const deadlineMs = call.deadlineMs ?? deadlineMsDefault;
  const deadline = AbortSignal.timeout(deadlineMs);
  try {
    return await answerTo(url, call, deadline);
  } catch (cause) {
    if (deadline.aborted) {
      throw new CliError(`the balancer at ${url} did not answer within ${deadlineMs / 1000} s`, {
        exitCode: exitCodes.unreachable,
        cause,
      });
    }
    throw unreachable(url, cause);
  }
}

/** Not by `fetch`, which waits five minutes for an answer at most. */
function answerTo(
  url: string,
  call: ApiCall,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  const target = new URL(call.path, url);
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const options = { method: call.method, headers: headersOf(call), agent: false, signal };
    const sent = send(target, options, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
      answer.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(call.body === undefined ? undefined : JSON.stringify(call.body));
  });
}

function fetchApi(url: string, call: ApiCall, signal: AbortSignal): Promise<Response> {
  const { method, body } = call;
  return fetch(new URL(call.path, url), {
    method,
    headers: headersOf(call),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal,
  });
}

const headersOf = ({ body }: ApiCall): Readonly<Record<string, string>> => ({
  ...authorization(),
  ...(body === undefined ? {} : { 'content-type': 'application/json' }),
});

/** From the environment: what stands in an argument everybody sees who can list processes. */
function authorization(): Readonly<Record<string, string>> {
  const token = process.env['LOCKSTEP_TOKEN'];
  return token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` };
}

function unreachable(url: string, cause: unknown): CliError {
  const tls = tlsFault(cause);
  if (tls !== undefined) {
    return new CliError(`the certificate of ${url} is not trusted: ${tls}`, {
      remedy: 'Name the file of who issued it in the environment variable NODE_EXTRA_CA_CERTS.',
      exitCode: exitCodes.unreachable,
      cause,
    });
  }
  return new CliError(`no balancer answers at ${url}`, {
    remedy: 'Start one with `lockstep serve` or `lockstep demo`, or say where it is with --url.',
    exitCode: exitCodes.unreachable,
    cause,
  });
}

function tlsFault(cause: unknown): string | undefined {
  // `fetch` tells of it in the cause of its error.
  const inner = cause instanceof Error ? (cause.cause ?? cause) : cause;
  const { code, message } = (inner ?? {}) as Partial<NodeJS.ErrnoException>;
  return /CERT|SELF_SIGNED|ISSUER/.test(code ?? '') ? message : undefined;
}

function apiError(url: string, status: number, body: unknown): CliError {
  const { message, remedy, code } = (body ?? {}) as Readonly<Record<string, string | undefined>>;
  if (message === undefined) {
    return new CliError(`what answers at ${url} is not Lockstep (status ${status})`, {
      exitCode: exitCodes.unreachable,
    });
  }
  if (code !== undefined && saysItself(code)) {
    return new CliError(message, { exitCode: isUsage(code) ? exitCodes.usage : exitCodes.failed });
  }
  const denied = status === 401 || status === 403;
  const token = 'Put a token of `http.tokens` into the environment variable LOCKSTEP_TOKEN.';
  const exitCode: ExitCode = denied ? exitCodes.denied : exitCodes.failed;
  const way = status === 401 ? token : remedy;
  return new CliError(message, { exitCode, ...(way === undefined ? {} : { remedy: way }) });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
