import { NodeQueryError } from '../nodes/query-rows.ts';
import type { LexMode } from '../sql/lex-mode.ts';
import { Lexer } from '../sql/lexer.ts';
import { outlineOf } from '../sql/outline.ts';
import { unsafe } from './check-write.ts';
import type { Rewriting } from './determine-write.ts';
import type { Condition } from './ask-conditions.ts';
import type { HeldReply } from './held-reply.ts';
import { type LiteralRows, selectLiterals } from './leader-values.ts';
import type { SessionCore } from './session-core.ts';
import { isStrict } from './strict-mode.ts';
import { effectsOf } from './write-effects.ts';

/**
 * What a write would compute as it runs, asked ahead of it. A server refuses in a write what it
 * only warns of in a query, so that is refused here; what is left the write is told to have raised.
 */
export async function selectForWrite(rewriting: Rewriting, query: string): Promise<LiteralRows> {
  const { core, connection, raised } = rewriting;
  await refuseWriting(rewriting, query);
  const found = await selectLiterals(core, connection, query);
  if (found.raised.length === 0) return found;
  const refused = refusesHere(rewriting) ? found.raised.find(isRefused(core)) : undefined;
  if (refused) {
    const message = Buffer.from(refused.message, 'latin1').toString('utf8');
    throw new NodeQueryError(
      refused.code,
      core.diagnostics.sqlStateOf(refused, core.lexMode.flavor),
      message,
    );
  }
  raised.push(...found.raised);
  return found;
}

/** What is asked ahead runs on the leader alone, and is not logged. */
export async function refuseWriting(
  { core, facts, write }: Rewriting,
  query: string,
): Promise<void> {
  if (!facts.effects.programsWrite) return;
  const { programsWrite } = await effectsOf(core, core.analyse(query));
  if (!programsWrite) return;
  throw unsafe(
    `this ${write.statement.verb} calls a function that writes where one node computes for all`,
    'SELECT the function first, and write its result',
  );
}

/** A write that succeeds counts them as its own. */
export function tellRaised(raised: readonly Condition[], reply: HeldReply): void {
  const { ok } = reply;
  if (raised.length === 0 || !ok) return;
  const warnings = (ok.warnings ?? 0) + raised.length;
  const info = ok.info.replace(/(?<=Warnings: )\d+$/, String(warnings));
  reply.amend({ warnings, info });
}

/** To MariaDB a DELETE is not, nor is the UNION of an INSERT (seen on 10.11). */
function refusesHere({ core, sql, write }: Rewriting): boolean {
  const { ignore, verb, insertSelect } = write.statement;
  if (core.lexMode.flavor === 'mariadb') {
    if (verb === 'DELETE' || (insertSelect && joinsQueries(sql, core.lexMode))) return false;
  }
  return !ignore && isStrict(core);
}

function joinsQueries(sql: string, mode: LexMode): boolean {
  const tokens = new Lexer(sql, mode).run();
  const { depths } = outlineOf(tokens);
  return tokens.some((token, at) => depths[at] === 0 && joins.has(token.text));
}

const joins: ReadonlySet<string> = new Set(['UNION', 'EXCEPT', 'INTERSECT']);

/** What strict mode makes an error of. Source: MySQL `Strict_error_handler::handle_condition`. */
const refusedByMysql: ReadonlySet<number> = new Set([
  ...[1048, 1071, 1260, 1261, 1262, 1263, 1264, 1265, 1292, 1301, 1364, 1365, 1366, 1406, 1411],
  ...[1423, 1441, 3020, 3155, 3156, 3751, 3752],
]);

/** MariaDB refuses every warning but of what the text itself says, and of what CHAR(n) cuts off. */
const toldByMariadb: ReadonlySet<number> = new Set([1287, 1681]);
const cutOff = /^Truncated incorrect (?:CHAR|BINARY)\(/;

const isRefused =
  ({ lexMode }: SessionCore) =>
  ({ level, code, message }: Condition): boolean => {
    if (level !== 'Warning') return false;
    if (lexMode.flavor === 'mysql') return refusedByMysql.has(code);
    return !toldByMariadb.has(code) && !cutOff.test(message);
  };
