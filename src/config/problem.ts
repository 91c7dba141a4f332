import { LockstepError } from '../base/errors.ts';

/** One thing wrong with a configuration: where in the text (an offset), and what. */
export interface Problem {
  readonly offset: number;
  readonly message: string;
}

/** What every message about a value has: what is wrong, then what would be right. */
export function expected(path: string, wrong: string, right: string): string {
  return `${path}: ${wrong}; expected ${right}`;
}

/** One error for all problems, one line each. */
export function configError(lines: readonly string[], options?: { cause?: unknown }) {
  return new LockstepError('config_invalid', lines.join('\n'), options);
}
