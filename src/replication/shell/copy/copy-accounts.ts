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

/** Resolves with the rights that Lockstep's account may not give, as statements. */
export async function copyGrants(ends: CopyEnds, keep: readonly string[]): Promise<string[]> {
  const { source, target, flavor } = ends;
  const spared = new Set([...systemUsers, ...keep]);
  const accounts = (await readAccounts(ends, source)).filter(({ user }) => !spared.has(user));
  const withheld: string[] = [];
  for (const account of accounts) {
    for (const row of await queryRows(source, `SHOW GRANTS FOR ${named(account)}`)) {
      const sql = Object.values(row)[0] ?? '';
      if (!(await grant(target, sql))) withheld.push(sql);
    }
  }
  if (flavor === 'mariadb') return withheld;
  for (const account of accounts) {
    const [row] = await queryRows(source, `SHOW CREATE USER ${named(account)}`);
    const roles = / DEFAULT ROLE (.*?) REQUIRE /.exec(Object.values(row ?? {})[0] ?? '')?.[1];
    if (roles) await queryRows(target, `SET DEFAULT ROLE ${roles} TO ${named(account)}`);
  }
  return withheld;
}

const noSuchTable = 1146;
/** What a server says to whoever gives away a PROXY that it does not have itself. */
const accessDenied = new Set([1045, 1698]);

/**
 * False when Lockstep's account may not give that right: PROXY is part of no `ALL PRIVILEGES`. A
 * right on a table that is gone stays in the books and can't be given anew.
 */
async function grant(target: NodeConnection, sql: string): Promise<boolean> {
  try {
    await queryRows(target, sql);
    return true;
  } catch (error) {
    if (!(error instanceof NodeQueryError)) throw error;
    if (error.errno === noSuchTable) return true;
    if (accessDenied.has(error.errno) && sql.startsWith('GRANT PROXY ')) return false;
    // Up to where MariaDB writes down the hash of a password.
    const right = sql.split(' IDENTIFIED ')[0];
    throw new Error(`"${right}" failed: ${error.message}`, { cause: error });
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
