/** What the balancer says of a request that it did not carry out (RFC 9457). */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
  readonly errno?: number;
  readonly sqlState?: string;
  /** Where in the SQL, counted from 0, when it can be told. */
  readonly position?: number;
  /** Of what was sent: the property that is to be corrected. */
  readonly field?: string;
  /** Until then it would be refused in any case. */
  readonly retryAfterMs?: number;
}

export class ProblemError extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.name = 'ProblemError';
    this.problem = problem;
  }
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

let csrfToken: string | undefined;

/** Of `GET /me`: goes with everything that changes something. */
export function rememberCsrf(token: string | undefined): void {
  csrfToken = token;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly signal?: AbortSignal;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks the balancer; throws a ProblemError for what it refuses, a TypeError when it is away. */
export async function call<T>(method: Method, path: string, options: CallOptions = {}): Promise<T> {
  const response = await send(method, path, options);
  return response.status === 204 ? (undefined as T) : ((await response.json()) as T);
}

/** As `call`, with the body left to be read. */
export async function send(
  method: Method,
  path: string,
  { body, signal, headers }: CallOptions = {},
): Promise<Response> {
  const response = await fetch(path, {
    method,
    headers: {
      ...(method === 'GET' ? {} : { 'content-type': 'application/json' }),
      ...(method === 'GET' || csrfToken === undefined ? {} : { 'x-csrf-token': csrfToken }),
      ...headers,
    },
    ...(method === 'GET' ? {} : { body: JSON.stringify(body ?? {}) }),
    ...(signal === undefined ? {} : { signal }),
  });
  if (!response.ok) throw new ProblemError(await problemOf(response));
  return response;
}

async function problemOf(response: Response): Promise<Problem> {
  const told: Partial<Problem> & { detail?: string } = await response.json().catch(() => ({}));
  const message = told.message ?? told.detail ?? `the balancer answered ${response.status}`;
  return { ...told, status: response.status, code: told.code ?? 'http_error', message };
}

/** The balancer does not know the route at all, as an older one would not. */
export function isUnknownRoute(error: unknown): boolean {
  return (
    error instanceof ProblemError &&
    error.problem.status === 404 &&
    error.message.startsWith('there is nothing at')
  );
}

export const isLoginWanted = (error: unknown): boolean =>
  error instanceof ProblemError && error.problem.status === 401;
