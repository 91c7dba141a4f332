import { afterEach, beforeEach, expect, test } from 'vitest';
import { MemoryControl } from '../../../test/support/memory-control.ts';
import { systemClock } from '../../base/clock.ts';
import type { VerifyReport } from '../../http/balancer-control.ts';
import { type HttpServer, startHttpServer } from '../../http/server.ts';
import { runCommandLine } from '../program.ts';

let control: MemoryControl;
let server: HttpServer;

beforeEach(async () => {
  control = new MemoryControl();
  server = await startHttpServer({ control, host: '127.0.0.1', port: 0, clock: systemClock });
});

afterEach(() => server.close());

/** Runs `lockstep verify …`; what it says, complains of, and its exit code. */
async function verify(flags: readonly string[], answer?: boolean) {
  const said: string[] = [];
  const ended = { exitCode: 0, asked: 0 };
  await runCommandLine(['--url', server.url, 'verify', ...flags], {
    say: (text) => void said.push(text),
    complain: (text) => void said.push(text),
    width: 120,
    setExitCode: (code) => {
      ended.exitCode = code;
    },
    ...(answer === undefined
      ? {}
      : {
          ask: async () => {
            ended.asked++;
            return answer;
          },
        }),
  });
  return { text: said.join('\n'), ...ended };
}

const sums = (rows: number, checksum: string) => ({ rows, checksum });
const differing: VerifyReport = {
  equal: false,
  seq: 42,
  rows: 3,
  durationMs: 1_500,
  missed: [{ node: 'mysql4', reason: 'it is DOWN' }],
  tables: [
    {
      schema: 'app',
      table: 'users',
      nodes: { mysql1: sums(3, 'aa'), mysql2: sums(3, 'bb'), mysql3: sums(3, 'aa') },
      equal: false,
      differing: ['mysql2'],
      ranges: [
        {
          key: ['id'],
          where: '`id` > 5 AND `id` <= 9',
          nodes: { mysql1: 3, mysql2: 3, mysql3: 3 },
          differing: ['mysql2'],
          rows: [
            { key: '7', nodes: { mysql1: { n: '1' }, mysql2: { n: '2' }, mysql3: { n: '1' } } },
            { key: '8', nodes: { mysql1: { n: null }, mysql2: null, mysql3: { n: null } } },
          ],
          rowsMore: 0,
        },
      ],
    },
  ],
};

test('equal nodes: one line a table, and exit code 0', async () => {
  const { text, exitCode } = await verify(['--table', 'app.t', '--rate', '500']);
  expect(text).toContain('all nodes are equal as of entry 7');
  expect(exitCode).toBe(0);
  expect(control.verifications).toEqual([{ tables: ['app.t'], rows: false, rate: 500 }]);
});

test('what is compared besides tables has no rows', async () => {
  const nodes = { mysql1: sums(0, 'aa'), mysql2: sums(0, 'aa') };
  const one = { schema: 'app', nodes, equal: true, differing: [] };
  const tables = ['(schema)', 'total (function)', 't'].map((table) =>
    Object.assign({ table }, one),
  );
  control.report = { ...differing, equal: true, rows: 1, missed: [], tables };
  const { text } = await verify([]);
  expect(text).toMatch(/^app \(schema\) +equal +- +-$/m);
  expect(text).toMatch(/^app\.total \(function\) +equal +- +-$/m);
  expect(text).toMatch(/^app\.t +equal +0 +0$/m);
  expect(text).toContain('(1 row in 1.5 s)');
});

test('what differs is shown by range and row, with the way out', async () => {
  control.report = differing;
  const { text, exitCode } = await verify(['--rows']);
  expect(exitCode).toBe(1);
  expect(text.split('\n').slice(3)).toEqual([
    'app.users differs on mysql2',
    '  where `id` > 5 AND `id` <= 9: rows 3 on mysql1, 3 on mysql2, 3 on mysql3; ' +
      'differs on mysql2',
    '    key  column  mysql1  mysql2    mysql3',
    '    7    n       1       2         1',
    '    8    n       NULL    (no row)  NULL',
    '',
    'the nodes DIFFER as of entry 42 (3 rows in 1.5 s)',
    'mysql4 was left out of all or part of it: it is DOWN',
    'mysql2 differs from most: run `lockstep verify --repair`, or `lockstep nodes resync mysql2`',
  ]);
});

test('a repair is asked for, and then made in the tables that differ', async () => {
  control.report = differing;
  expect(await verify(['--repair'], false)).toMatchObject({ asked: 1, exitCode: 1 });
  expect(control.verifications).toHaveLength(1);
  await verify(['--repair'], true);
  expect(control.verifications.at(-1)).toEqual({
    tables: ['app.users'],
    rows: false,
    repair: true,
  });
});

test('with nobody to ask nothing is repaired, unless it is said', async () => {
  const refused = await verify(['--repair']);
  expect(refused).toMatchObject({ exitCode: 2, text: expect.stringContaining('--yes') });
  expect(control.verifications).toEqual([]);
  const repair = { node: 'mysql2', table: 'app.users', where: '`id` > 5', detail: 'from mysql1' };
  const repairs = [{ ...repair, outcome: 'repaired' as const }];
  control.report = { ...differing, repairs, repaired: true };
  const done = await verify(['--repair', '--yes']);
  expect(done.exitCode).toBe(0);
  expect(done.text).toContain('mysql2: app.users where `id` > 5: repaired: from mysql1\n');
});

test('without a majority no node is named as the wrong one', async () => {
  const [users] = differing.tables;
  const nodes = { mysql1: sums(3, 'aa'), mysql2: sums(3, 'bb') };
  const tables = users ? [{ ...users, nodes, differing: ['mysql1', 'mysql2'] }] : [];
  control.report = { ...differing, tables };
  expect((await verify([])).text).toMatch(/no node is known to be right: .*nodes resync <node>/);
});

test('the last result, and the end of one that is under way', async () => {
  expect((await verify(['--last'])).text).toContain('no comparison has ended');
  control.report = differing;
  await verify([]);
  const last = await verify(['--last', '--json']);
  expect(JSON.parse(last.text)).toMatchObject({ last: { id: 1, report: { seq: 42 } } });
  expect((await verify(['--cancel'])).text).toBe('no comparison is under way');
});

test('a table is named with its schema', async () => {
  expect(await verify(['--table', 'users'])).toMatchObject({ exitCode: 2 });
});
