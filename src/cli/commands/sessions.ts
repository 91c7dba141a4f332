import type { Command } from 'commander';
import type { SessionStatus } from '../../http/session-schemas.ts';
import { duration } from '../amounts.ts';
import { callApi } from '../call-api.ts';
import { systemClock } from '../../base/clock.ts';
import { integerBetween } from '../parse-number.ts';
import { table } from '../table.ts';
import type { Terminal } from '../terminal.ts';

interface Listed {
  readonly sessions: readonly SessionStatus[];
  readonly total: number;
}

const columns = [
  { head: 'id', align: 'right' },
  { head: 'user', shrinks: true },
  { head: 'host', drops: 3 },
  { head: 'schema', drops: 4 },
  { head: 'for', align: 'right', drops: 2 },
  { head: 'state', shrinks: true, drops: 1 },
  { head: 'pinned', shrinks: true, drops: 5 },
  { head: 'statement', shrinks: true },
] as const;

export function addSessions(program: Command, terminal: Terminal, url: () => string): void {
  program
    .command('sessions')
    .description('who is connected, what they are at, and who keeps a connection for himself')
    .option('--json', 'as JSON', false)
    .action(async ({ json }: { json: boolean }) => {
      const listed = await callApi<Listed>(url(), { method: 'GET', path: '/sessions' });
      terminal.say(json ? JSON.stringify(listed, null, 2) : sessionsText(listed, terminal.width));
    });
  program
    .command('kill <id>')
    .description('end a session, as KILL does; its open transaction is rolled back')
    .option('--query', 'only what it is at; it stays connected', false)
    .action(async (text: string, { query }: { query: boolean }) => {
      const id = integerBetween(0, Number.MAX_SAFE_INTEGER)(text);
      const call = { method: 'POST', path: `/sessions/${id}/kill` } as const;
      await callApi(url(), { ...call, body: { queryOnly: query } });
      terminal.say(query ? `what session ${id} was at is ended` : `session ${id} is ended`);
    });
}

function sessionsText({ sessions, total }: Listed, width: number): string {
  const nowMs = systemClock.wallMs();
  const rows = sessions.map((one) => [
    String(one.id),
    one.user,
    one.host,
    one.schema,
    duration(Math.max(0, nowMs - Date.parse(one.since))),
    one.inTransaction ? `${one.state}, in a transaction` : one.state,
    one.pinned ?? '',
    one.sql ?? '',
  ]);
  const more = total - sessions.length;
  return table(columns, rows, width) + (more > 0 ? `\nand ${more} more` : '');
}
