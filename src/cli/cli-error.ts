import { LockstepError } from '../base/errors.ts';

/** For scripts; docs/OPERATIONS.md has the list. */
export const exitCodes = {
  /** All is well. */
  ok: 0,
  /** It failed, or what was asked about is not well. */
  failed: 1,
  /** Asked wrongly. */
  usage: 2,
  /** `status`: reads or writes are refused. */
  unserved: 3,
  /** No balancer answers. */
  unreachable: 4,
  /** It answers, and does not let this account do that. */
  denied: 5,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** An error with its way out, for people at a terminal. */
export class CliError extends Error {
  readonly remedy: string | undefined;
  readonly exitCode: ExitCode;

  constructor(
    message: string,
    options: { remedy?: string; exitCode?: ExitCode; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'CliError';
    this.remedy = options.remedy;
    this.exitCode = options.exitCode ?? exitCodes.failed;
  }
}

/** Asked wrongly, be it on the command line or in a file. */
export const isUsage = (code: string): boolean =>
  code === 'config_invalid' || code === 'bad_request';

/** Its message tells how it is resolved; the remedy of the code would add nothing. */
export const saysItself = (code: string): boolean => code === 'conflict' || isUsage(code);

/** What is printed of an error, and the exit code it means. */
export function describeError(error: unknown): { text: string; exitCode: ExitCode } {
  if (error instanceof CliError) {
    return { text: withRemedy(error.message, error.remedy), exitCode: error.exitCode };
  }
  if (error instanceof LockstepError) {
    const remedy = saysItself(error.code) ? undefined : error.remedy;
    const exitCode = isUsage(error.code) ? exitCodes.usage : exitCodes.failed;
    return { text: withRemedy(error.message, remedy), exitCode };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: `unexpected: ${text}`, exitCode: exitCodes.failed };
}

function withRemedy(message: string, remedy: string | undefined): string {
  return `lockstep: ${message}${remedy === undefined ? '' : `\n  ${remedy}`}`;
}
