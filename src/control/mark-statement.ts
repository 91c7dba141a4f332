import { LockstepError } from '../base/errors.ts';

/** What may stand before the first word and is no part of the statement. */
const start = /^(?:\s|\/\*(?!M?!)[\s\S]*?\*\/|--\s[^\n]*\n|#[^\n]*\n)*\w+/;

/**
 * The statement with a mark in a comment, by which the log is searched for it later: behind the
 * first word, where no splitting or trimming of the text can lose it. Throws bad_request.
 */
export function markStatement(sql: string, mark: string): string {
  const [head] = start.exec(sql) ?? [];
  if (head === undefined) {
    const message = 'a write that is to be found again begins with a word, such as INSERT';
    throw new LockstepError('bad_request', message);
  }
  return `${head} /* ${mark} */${sql.slice(head.length)}`;
}
