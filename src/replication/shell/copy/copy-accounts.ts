import type { NodeConnection } from '../../../nodes/node-connection.ts';
import { NodeQueryError, queryRows } from '../../../nodes/query-rows.ts';
import { quoteString } from '../../../sql/quote.ts';
import type { CopyEnds } from './copy-schema.ts';

/** An account or a role. */
interface Account {
  readonly user: string;
  readonly host: string;
  readonly role: boolean;
}

const systemUsers = [
  'mysql.sys',
  'mysql.session',
  'mysql.infoschema',
  'mariadb.sys',
  'mysql',
  'PUBLIC',
  '',
];

/**
 * Makes the target's accounts and roles those of the source, but for the servers' own and
 * `keep`: the accounts that Lockstep itself uses on the nodes. Rights come later, with
 * `copyGrants`, when everything they are about is there.
 */
export async function copyAccounts(ends: CopyEnds, keep: readonly string[]): Promise<void> {
  const { source, target, flavor } = ends;
  const spared = new Set([...systemUsers, ...keep]);
  const old = (await readAccounts(ends, target)).filter(({ user }) => !spared.has(user));
  for (const account of old) {
    await queryRows(target, `DROP ${account.role ? 'ROLE' : 'USER'} IF EXISTS ${named(account)}`);
  }
  const accounts = (await readAccounts(ends, source)).filter(({ user }) => !spared.has(user));
  for (const account of accounts) {
    if (account.role) {
      await queryRows(target, `CREATE ROLE ${named(account)}`);
      continue;
    }
    const [row] = await queryRows(source, `SHOW CREATE USER ${named(account)}`);
    const created = Object.values(row ?? {})[0] ?? '';
    // A default role must be there and granted first; copyGrants sets it.
    const sql = created.replace(/ DEFAULT ROLE .*?(?= REQUIRE )/, '');
    await queryRows(target, flavor === 'mysql' ? sql : created);
  }
}

export async function copyGrants(ends: CopyEnds, keep: readonly string[]): Promise<void> {
  const { source, target, flavor } = ends;
  const spared = new Set([...systemUsers, ...keep]);
  const accounts = (await readAccounts(ends, source)).filter(({ user }) => !spared.has(user));
  for (const account of accounts) {
    for (const row of await queryRows(source, `SHOW GRANTS FOR ${named(account)}`)) {
      const sql = Object.values(row)[0] ?? '';
      await grant(target, sql);
    }
  }
  if (flavor === 'mariadb') return;
  for (const account of accounts) {
    const [row] = await queryRows(source, `SHOW CREATE USER ${named(account)}`);
    const roles = / DEFAULT ROLE (.*?) REQUIRE /.exec(Object.values(row ?? {})[0] ?? '')?.[1];
    if (roles) await queryRows(target, `SET DEFAULT ROLE ${roles} TO ${named(account)}`);
  }
}

const noSuchTable = 1146;

/** A right on a table that is gone stays in the books and can't be given anew. */
async function grant(target: NodeConnection, sql: string): Promise<void> {
  try {
    await queryRows(target, sql);
  } catch (error) {
    if (!(error instanceof NodeQueryError) || error.errno !== noSuchTable) throw error;
  }
}

/** Roles first. Only MariaDB tells them from accounts. */
async function readAccounts(
  { flavor }: Pick<CopyEnds, 'flavor'>,
  connection: NodeConnection,
): Promise<Account[]> {
  const role = flavor === 'mariadb' ? "is_role = 'Y'" : '0';
  const rows = await queryRows(
    connection,
    `SELECT User AS u, Host AS h, ${role} AS r FROM mysql.user ORDER BY r DESC, User, Host`,
  );
  return rows.map(({ u, h, r }) => ({ user: u ?? '', host: h ?? '', role: r === '1' }));
}

/** A role of MariaDB has no host. */
const named = ({ user, host, role }: Account): string =>
  role ? quoteString(user) : `${quoteString(user)}@${quoteString(host)}`;
