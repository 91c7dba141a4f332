import { LockstepError } from '../base/errors.ts';
import type { NodeConnection } from '../nodes/node-connection.ts';
import { queryRows } from '../nodes/query-rows.ts';
import {
  cachingSha2Hash,
  cachingSha2SaltBytes,
  isSaltByte,
} from '../protocol/auth/caching-sha2-hash.ts';
import { type PasswordClause, passwordClauses } from '../sql/password-clauses.ts';
import type { SpanReplacement } from '../sql/replace-spans.ts';
import { unsafe } from './check-write.ts';
import { currentAccount } from './current-account.ts';
import type { SessionCore } from './session-core.ts';

const hashed = 'caching_sha2_password';
const passwordBytesMax = 256;

/** Passwords in the clear as IDENTIFIED WITH … AS the hash that every node then stores. */
export async function passwordHashes(
  core: SessionCore,
  connection: NodeConnection,
  sql: string,
): Promise<SpanReplacement[]> {
  const { clauses, bound } = passwordClauses(sql, core.lexMode);
  const salted: SpanReplacement[] = [];
  for (const clause of clauses) {
    // Without a password there is nothing to hash.
    if (clause.password === '' && clause.start > 0) continue;
    const plugin = clause.plugin ?? (await pluginOf(connection, clause));
    if (plugin === 'sha256_password') {
      throw unsafe(`${plugin} would take another salt on every node`, `use ${hashed}`);
    }
    if (plugin !== hashed) continue;
    await checkPolicy(connection, clause.password);
    const identified = `IDENTIFIED WITH ${hashed} AS ${await hashOf(core, connection, clause)}`;
    const account = clause.account ?? (await currentAccount(connection));
    const text = clause.start === 0 ? `ALTER USER ${account} ${identified}` : identified;
    salted.push({ start: clause.start, end: clause.end, text });
  }
  if (salted.length > 0 && bound !== undefined) {
    throw unsafe(
      `${bound} needs the password in the clear, which would get another salt on every node`,
      `leave out ${bound}`,
    );
  }
  return salted;
}

/** An account's plugin; what a new account would get when there is none. */
async function pluginOf(connection: NodeConnection, clause: PasswordClause): Promise<string> {
  const account = clause.account ?? (await currentAccount(connection));
  const [created] = await connection.query(`SHOW CREATE USER ${account}`, { latin1: true });
  const text = created?.kind === 'rows' ? (created.rows[0]?.[0] ?? '') : '';
  const known = / IDENTIFIED WITH '([^']+)'/.exec(text)?.[1];
  if (known !== undefined) return known;
  const [policy] = await queryRows(
    connection,
    "SHOW VARIABLES WHERE Variable_name IN ('authentication_policy')",
  );
  const first = policy?.['Value']?.split(',')[0]?.trim() ?? '*';
  return first.replace(/^\*:?/, '') || hashed;
}

async function hashOf(
  core: SessionCore,
  connection: NodeConnection,
  { password }: PasswordClause,
): Promise<string> {
  const bytes = Buffer.from(password, 'latin1');
  if (bytes.length === 0) return "''";
  if (bytes.length > passwordBytesMax) {
    throw new LockstepError('bad_request', `a password has at most ${passwordBytesMax} bytes`);
  }
  const [row] = await queryRows(connection, `SELECT @@global.${hashed}_digest_rounds AS n LIMIT 1`);
  const salt = Buffer.alloc(cachingSha2SaltBytes);
  for (let at = 0; at < salt.length; ) {
    const byte = Math.floor(core.context.random() * 128);
    if (isSaltByte(byte)) salt[at++] = byte;
  }
  return `0x${cachingSha2Hash(bytes, salt, Number(row?.['n'] ?? 5000)).toString('hex')}`;
}

const strengthWanted: Readonly<Record<string, number>> = { LOW: 50, MEDIUM: 75, STRONG: 100 };

/** A hash tells the server nothing of the password, so its policy is asked beforehand. */
async function checkPolicy(connection: NodeConnection, password: string): Promise<void> {
  const [policy] = await queryRows(
    connection,
    "SHOW VARIABLES WHERE Variable_name REGEXP '^validate_password[._]policy$'",
  );
  const wanted = strengthWanted[policy?.['Value'] ?? ''];
  if (wanted === undefined) return;
  const hex = Buffer.from(password, 'latin1').toString('hex');
  const [row] = await queryRows(
    connection,
    `SELECT VALIDATE_PASSWORD_STRENGTH(_utf8mb4 X'${hex}') AS strength LIMIT 1`,
  );
  if (Number(row?.['strength'] ?? 0) >= wanted) return;
  throw new LockstepError(
    'bad_request',
    'the password does not satisfy validate_password.policy of the server; choose a stronger one',
  );
}
