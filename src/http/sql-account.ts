import { type Static, Type } from 'typebox';
import type { SqlAccount } from '../access/http-sessions.ts';
import { LockstepError } from '../base/errors.ts';
import { type Call, closed } from './operation.ts';

const basic = /^Basic +([\w+/]{1,2048}={0,2})$/i;
const headerName = 'x-sql-authorization';

export const sqlAccountSchema = Type.Object(
  {
    user: Type.String({ minLength: 1, maxLength: 128 }),
    password: Type.String({ maxLength: 1024 }),
  },
  {
    ...closed,
    description:
      'The database user with whose rights it is run; also taken from a header ' +
      '`X-SQL-Authorization: Basic …`, or from POST /sql-login.',
  },
);

/**
 * Runs SQL as the database user that the request names, else as that of the page's login, else,
 * only where nobody has to log in at all, as the first one configured.
 */
export function withSqlAccount<T>(
  given: Static<typeof sqlAccountSchema> | undefined,
  call: Call,
  run: (account: { account?: SqlAccount }) => Promise<T>,
): Promise<T> {
  const { access, caller, headers } = call;
  const account =
    (given && { name: given.user, password: given.password }) ??
    accountOf(headers[headerName]) ??
    caller.session?.sqlAccount;
  if (account) {
    call.note({ sqlUser: account.name });
    return access.asSqlUser(account.name, caller.address, () => run({ account }));
  }
  if (!caller.open) {
    const message = 'SQL is run with the rights of a database user, and none is given';
    throw new LockstepError('sql_login_required', message);
  }
  return run({});
}

/** https://www.rfc-editor.org/rfc/rfc7617 */
function accountOf(header: string | string[] | undefined): SqlAccount | undefined {
  if (typeof header !== 'string') return undefined;
  const pair = Buffer.from(basic.exec(header)?.[1] ?? '', 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 1) {
    throw new LockstepError('bad_request', `${headerName} is not "Basic" with user and password`);
  }
  return { name: pair.slice(0, colon), password: pair.slice(colon + 1) };
}
