import { LoginLockedError } from '../access/login-locked-error.ts';
import { type ErrorCode, LockstepError } from '../base/errors.ts';
import { ServerError } from './server-error.ts';

/** RFC 9457, with the code and what to do about it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode | 'server_error' | 'http_error';
  readonly message: string;
  readonly remedy: string;
  /** Of a MySQL or MariaDB server, or as a MySQL client would see this error. */
  readonly errno?: number;
  readonly sqlState?: string;
  /** Of a server's error: where in the SQL, in characters from its start. */
  readonly position?: number;
  /** Of the body: what is to be corrected, where that is one property. */
  readonly field?: string;
  /** Earlier it will be refused in any case. */
  readonly retryAfterMs?: number;
}

export const problemContentType = 'application/problem+json; charset=utf-8';

/** What is no error of ours nor of a server is a defect: its text is for the log, not for all. */
export function problemOf(error: unknown): Problem {
  if (error instanceof LockstepError) return ofLockstep(error);
  if (error instanceof ServerError) return ofServer(error);
  const http = ofHttp(error);
  if (http !== undefined) return http;
  return ofLockstep(new LockstepError('internal', 'an unexpected error; the log has the details'));
}

export function httpProblem(status: number, message: string, remedy: string): Problem {
  return problem({ code: status === 404 ? 'not_found' : 'http_error', status, message, remedy });
}

function ofLockstep(error: LockstepError): Problem {
  return problem({
    code: error.code,
    status: error.httpStatus,
    message: error.message,
    remedy: error.remedy,
    errno: error.errno,
    sqlState: error.sqlState,
    ...(error.field === undefined ? {} : { field: error.field }),
    ...(error instanceof LoginLockedError ? { retryAfterMs: error.retryAfterMs } : {}),
  });
}

function ofServer(error: ServerError): Problem {
  return problem({
    code: 'server_error',
    status: serverErrorStatus(error),
    message: error.message,
    remedy: 'The database server refused the statement; the message is its own.',
    errno: error.errno,
    sqlState: error.sqlState,
    ...(error.position === undefined ? {} : { position: error.position }),
  });
}

const accessErrnos = new Set([1044, 1045, 1142, 1143, 1227, 1370]);

/** By SQLSTATE class: 23 a constraint, 40 a rollback, 42 syntax or an unknown name, 22 data. */
function serverErrorStatus(error: ServerError): number {
  if (accessErrnos.has(error.errno)) return 403;
  switch (error.sqlState.slice(0, 2)) {
    case '23':
    case '40':
      return 409;
    case '42':
      return 400;
    case '08':
      return 503;
    default:
      return 422;
  }
}

/** Fastify's own errors: they carry the status, and those below 500 are the client's. */
function ofHttp(error: unknown): Problem | undefined {
  if (!(error instanceof Error)) return undefined;
  const { statusCode, code } = error as Error & { statusCode?: number; code?: string };
  if (statusCode === undefined || statusCode < 400 || statusCode >= 500) return undefined;
  if (statusCode === 413) {
    return httpProblem(413, 'the body is too large', 'Send less in one request.');
  }
  if (statusCode === 415) {
    return httpProblem(
      415,
      'the body is not declared as JSON',
      'Send the header "content-type: application/json".',
    );
  }
  const message = code === 'FST_ERR_CTP_EMPTY_JSON_BODY' ? 'the body is empty' : error.message;
  return { ...ofLockstep(new LockstepError('bad_request', message)), status: statusCode };
}

interface ProblemParts {
  readonly code: Problem['code'];
  readonly status: number;
  readonly message: string;
  readonly remedy: string;
  readonly errno?: number;
  readonly sqlState?: string;
  readonly position?: number;
  readonly field?: string;
  readonly retryAfterMs?: number;
}

function problem(parts: ProblemParts): Problem {
  return {
    type: `urn:lockstep:error:${parts.code}`,
    title: parts.code.replaceAll('_', ' '),
    detail: parts.message,
    ...parts,
  };
}
