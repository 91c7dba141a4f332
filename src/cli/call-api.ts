import { CliError } from './cli-error.ts';

export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
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
  const deadlineMs = call.deadlineMs ?? deadlineMsDefault;
  let response: Response;
  let text: string;
  try {
    response = await fetch(new URL(call.path, url), {
      method: call.method,
      ...(call.body === undefined
        ? {}
        : { body: JSON.stringify(call.body), headers: { 'content-type': 'application/json' } }),
      signal: AbortSignal.timeout(deadlineMs),
    });
    text = await response.text();
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'TimeoutError') {
      throw new CliError(`the balancer at ${url} did not answer within ${deadlineMs / 1000} s`, {
        cause,
      });
    }
    const remedy =
      'Start one with `lockstep serve` or `lockstep demo`, or say where it is with --url.';
    throw new CliError(`no balancer answers at ${url}`, { remedy, cause });
  }
  const body = parse(text);
  if (response.ok && body !== undefined) return body as T;
  const { message, remedy } = (body ?? {}) as { message?: string; remedy?: string };
  if (message === undefined) {
    throw new CliError(`what answers at ${url} is not Lockstep (status ${response.status})`);
  }
  throw new CliError(message, remedy === undefined ? {} : { remedy });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
