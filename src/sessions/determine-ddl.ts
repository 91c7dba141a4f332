import type { NodeConnection } from '../nodes/node-connection.ts';
import { definerPlace } from '../sql/definer-place.ts';
import { replaceSpans, type SpanReplacement } from '../sql/replace-spans.ts';
import { accountVerbs } from './check-ddl.ts';
import { unsafe } from './check-write.ts';
import { currentAccount } from './current-account.ts';
import { asText, flatten } from './determine-write.ts';
import { passwordHashes } from './password-hashes.ts';
import type { SessionCore } from './session-core.ts';
import { refuseUnorderedChange } from './unordered-change.ts';
import type { WriteRequest } from './write-request.ts';

const definerVerbs = /^(?:CREATE (?:VIEW|FUNCTION|PROCEDURE|TRIGGER|EVENT|PACKAGE)|ALTER EVENT)$/;

/**
 * DDL with what only the leader knows written out: the account that runs it (followers run it
 * as another one), and passwords as their hashes (the server would take a salt of its own on
 * every node). The connection is one of the client's account to the leader.
 */
export async function determineDdl(
  core: SessionCore,
  connection: NodeConnection,
  write: WriteRequest,
): Promise<WriteRequest> {
  const { verb } = write.statement;
  const sql = flatten(write);
  if (verb === 'ALTER TABLE') await refuseUnorderedChange(core, connection, write.statement, sql);
  const spans = definerVerbs.test(verb)
    ? await definer(core, connection, sql)
    : accountVerbs.test(verb)
      ? await accounts(core, connection, sql)
      : [];
  if (spans.length === 0) return write;
  const text = replaceSpans(sql, spans);
  return asText(write, text);
}

async function definer(
  core: SessionCore,
  connection: NodeConnection,
  sql: string,
): Promise<SpanReplacement[]> {
  const place = definerPlace(sql, core.lexMode);
  if (!place) return [];
  if (place.kind === 'role') {
    throw unsafe('CURRENT_ROLE as DEFINER is another role on every node', 'name the role');
  }
  const account = await currentAccount(connection);
  const text = place.kind === 'missing' ? `DEFINER=${account} ` : account;
  return [{ start: place.start, end: place.end, text }];
}

async function accounts(
  core: SessionCore,
  connection: NodeConnection,
  sql: string,
): Promise<SpanReplacement[]> {
  const spans: SpanReplacement[] = [];
  const mysql = core.lexMode.flavor === 'mysql';
  if (mysql) spans.push(...(await passwordHashes(core, connection, sql)));
  const mine = core.analyse(sql).unsafe.filter(({ kind }) => kind === 'current_user');
  const free = mine.filter(
    ({ start }) => !spans.some((span) => span.start <= start && start < span.end),
  );
  if (free.length > 0) {
    const text = await currentAccount(connection);
    spans.push(...free.map(({ start, end }) => ({ start, end, text })));
  }
  // MariaDB: SET PASSWORD = PASSWORD('x') is for whoever runs it.
  const own = mysql ? undefined : /^\s*SET\s+PASSWORD(?=\s*=)/i.exec(sql);
  if (own) {
    const end = own[0].length;
    spans.push({ start: end, end, text: ` FOR ${await currentAccount(connection)}` });
  }
  return spans;
}
