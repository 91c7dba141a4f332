import { type Command, Option } from 'commander';
import type { Static } from 'typebox';
import type {
  digestListSchema,
  refusedListSchema,
  slowListSchema,
} from '../../http/query-schemas.ts';
import { callApi } from '../call-api.ts';
import { integerBetween } from '../parse-number.ts';
import { table } from '../table.ts';
import type { Terminal } from '../terminal.ts';

type Digests = Static<typeof digestListSchema>;
type Slow = Static<typeof slowListSchema>;
type Refused = Static<typeof refusedListSchema>;

interface QueryFlags {
  readonly sort: string;
  readonly limit: number;
  readonly slow: boolean;
  readonly refused: boolean;
  readonly reset: boolean;
  readonly json: boolean;
}

export function addQueries(program: Command, terminal: Terminal, url: () => string): void {
  program
    .command('queries')
    .description('statements by form: how often, how long, with how many errors')
    .addOption(
      new Option('--sort <by>', 'which come first')
        .choices(['total', 'count', 'p99', 'errors'])
        .default('total'),
    )
    .option('--limit <count>', 'at most so many', integerBetween(1, 1000), 20)
    .option('--slow', 'the latest that were slow, instead', false)
    .option('--refused', 'the latest that Lockstep refused, and why, instead', false)
    .option('--reset', 'count anew', false)
    .option('--json', 'as JSON', false)
    .action(async (flags: QueryFlags) => {
      if (flags.reset) {
        await callApi(url(), { method: 'POST', path: '/queries/reset' });
        terminal.say('what was counted is forgotten');
        return;
      }
      const answer = await callApi<unknown>(url(), { method: 'GET', path: pathOf(flags) });
      terminal.say(
        flags.json ? JSON.stringify(answer, null, 2) : textOf(answer, flags, terminal.width),
      );
    });
}

function pathOf({ sort, limit, slow, refused }: QueryFlags): string {
  if (slow) return `/queries/slow?limit=${limit}`;
  return refused ? '/queries/refused' : `/queries?sort=${sort}&limit=${limit}`;
}

function textOf(answer: unknown, { slow, refused }: QueryFlags, width: number): string {
  if (slow) return slowText(answer as Slow, width);
  return refused ? refusedText(answer as Refused, width) : digestsText(answer as Digests, width);
}

const ms = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(0));

function digestsText({ digests, since }: Digests, width: number): string {
  if (digests.length === 0) return `no statement since ${since}`;
  const columns = [
    { head: 'count', align: 'right' },
    { head: 'total s', align: 'right' },
    { head: 'p50 ms', align: 'right', drops: 3 },
    { head: 'p99 ms', align: 'right' },
    { head: 'max ms', align: 'right', drops: 4 },
    { head: 'errors', align: 'right', drops: 1 },
    { head: 'rows', align: 'right', drops: 2 },
    { head: 'digest', drops: 5 },
    { head: 'statement', shrinks: true },
  ] as const;
  const rows = digests.map((one) => [
    String(one.count),
    (one.totalMs / 1000).toFixed(1),
    ...[one.p50Ms, one.p99Ms, one.maxMs].map(ms),
    ...[one.errors, one.rows].map(String),
    one.digest,
    one.sql,
  ]);
  return `${table(columns, rows, width)}\n(since ${since})`;
}

function slowText({ queries, thresholdMs }: Slow, width: number): string {
  if (queries.length === 0) return `no statement took ${thresholdMs} ms or more`;
  const columns = [
    { head: 'at', drops: 2 },
    { head: 'ms', align: 'right' },
    { head: 'rows', align: 'right', drops: 4 },
    { head: 'node', drops: 3 },
    { head: 'user', drops: 1 },
    { head: 'statement', shrinks: true },
  ] as const;
  const rows = queries.map(({ at, durationMs, rows: count, node = '', user, sql }) => [
    ...[at, ms(durationMs), String(count), node, user, sql],
  ]);
  return table(columns, rows, width);
}

function refusedText({ queries }: Refused, width: number): string {
  if (queries.length === 0) return 'no statement was refused';
  return queries
    .map(({ at, count, user, reason, message, sql }) => {
      const head = [{ head: `${reason}, ${count} times, last at ${at} by ${user}`, shrinks: true }];
      return table(head, [[`  ${message}`], [`  ${sql}`]], width);
    })
    .join('\n');
}
