import { NodeQueryError } from '../nodes/query-rows.ts';
import type { LexMode } from '../sql/lex-mode.ts';

/** ER_PARSE_ERROR; a server quotes this much of the text from where it stopped. */
const parseError = 1064;
const quotedCharacters = 80;
const serverNames = { mariadb: 'MariaDB', mysql: 'MySQL' } as const;

/** What a server says of a text that it understands up to `offset`. `sql` is a binary string. */
export function syntaxError(sql: string, offset: number, flavor: LexMode['flavor']): Error {
  const near = sql.slice(offset, offset + quotedCharacters);
  const line = sql.slice(0, offset).split('\n').length;
  const message =
    'You have an error in your SQL syntax; check the manual that corresponds to your ' +
    `${serverNames[flavor]} server version for the right syntax to use near ` +
    `'${Buffer.from(near, 'latin1').toString('utf8')}' at line ${line}`;
  return new NodeQueryError(parseError, '42000', message);
}
