import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MemoryControl } from '../../../test/support/memory-control.ts';
import { systemClock } from '../../base/clock.ts';
import { seq } from '../../base/brands.ts';
import type { LoggedCommand } from '../../http/balancer-control.ts';
import { type HttpServer, startHttpServer } from '../../http/server.ts';
import { type EmbeddedLog, openEmbeddedLog } from '../../log/embedded-log.ts';
import { temporaryFolder } from '../../log/testing/temporary-folder.ts';
import { encodeEntry } from '../../replication/entry-codec.ts';
import { entryOf } from '../../replication/testing/entries.ts';
import { entryText } from '../log-text.ts';
import { runCommandLine } from '../program.ts';

let control: MemoryControl;
let server: HttpServer;

beforeEach(async () => {
  control = new MemoryControl();
  server = await startHttpServer({ control, host: '127.0.0.1', port: 0, clock: systemClock });
});

afterEach(() => server.close());

/** Runs `lockstep log …`; `onSay` sees each text, and `ended` ends what goes on by itself. */
async function log(
  flags: readonly string[],
  { onSay = () => {}, ended }: { onSay?: (text: string) => void; ended?: Promise<void> } = {},
) {
  const said: string[] = [];
  let exitCode = 0;
  await runCommandLine(['--url', server.url, 'log', ...flags], {
    say(text) {
      said.push(text);
      onSay(text);
    },
    complain: (text) => void said.push(text),
    width: 120,
    setExitCode: (code) => {
      exitCode = code;
    },
    ...(ended === undefined ? {} : { ended: () => ended }),
  });
  return { said, text: said.join('\n'), exitCode };
}

const seqsOf = (entries: readonly { readonly seq: number }[]): number[] =>
  entries.map((entry) => entry.seq);

describe('lockstep log', () => {
  test('shows the latest entries, or those behind a seq', async () => {
    const { said } = await log(['--limit', '2']);
    expect(said[0]).toBe('the log holds 1 to 7; shown: 6 to 7');
    expect(said[1]?.split('\n')).toEqual([
      'seq 6, 2026-01-01T00:00:00.000Z, transaction, 100 bytes',
      '  [app] INSERT INTO t VALUES (6)',
      '    result: 1 row',
    ]);
    expect(said).toHaveLength(3);
    expect((await log(['--limit', '2', '--after', '0'])).said[0]).toMatch(/shown: 1 to 2$/);
  });

  test('reads on where the API gives a page only', async () => {
    control.lastSeq = 2_500;
    const { text } = await log(['--limit', '2200', '--json']);
    const { entries } = JSON.parse(text) as { entries: LoggedCommand[] };
    expect(seqsOf(entries)).toEqual(Array.from({ length: 2_200 }, (_, index) => 301 + index));
  });

  test('of a node: what it has not applied yet', async () => {
    control.put('mysql3', { state: 'DOWN', position: 4, pending: 3 });
    const { said } = await log(['mysql3', '--limit', '2']);
    expect(said[0]).toBe('mysql3 has applied everything up to 4; 3 pending; shown: 5 to 6');
    const { text } = await log(['mysql3', '--json']);
    expect(JSON.parse(text)).toMatchObject({ node: 'mysql3', position: 4, pending: 3 });
    expect((await log(['mysql2'])).text).toBe(
      'mysql2 has applied everything up to 7; nothing is pending',
    );
    expect(await log(['mysql9'])).toMatchObject({ exitCode: 1 });
  });

  test('pins, insert ids, errors and line ends are shown on lines of their own', () => {
    const pins = { timestamp: '1767225600.000001', insertId: '5', '@x': "'y'" };
    const command = { sql: 'INSERT INTO t\nVALUES (NOW())', schema: '', pins, affectedRows: 2 };
    const commands = [
      { ...command, insertId: '5', errno: 0 },
      { ...command, sql: 'DROP TABLE a, b', pins: {}, insertId: '0', errno: 1051 },
    ];
    const entry = { seq: 3, at: '2026-01-01T00:00:00.000Z', kind: 'ddl', commands, bytes: 1 };
    expect(entryText(entry, 60).split('\n')).toEqual([
      'seq 3, 2026-01-01T00:00:00.000Z, ddl, 1 byte',
      '  INSERT INTO t VALUES (NOW())',
      "    pins: timestamp=1767225600.000001, insert_id=5, @x='y'",
      '    result: 2 rows, insert id 5',
      '  DROP TABLE a, b',
      '    result: error 1051',
    ]);
    expect(entryText(entry, 20).split('\n')[1]).toBe('  INSERT INTO t VAL…');
  });
});

describe('lockstep log --tail', () => {
  /** Follows until entry `last` is told; one more is appended at each one told. */
  const follow = async (flags: readonly string[], last: number) => {
    let end = (): void => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const told: number[] = [];
    const { text, exitCode } = await log([...flags, '--tail', '--json'], {
      ended,
      onSay(line) {
        const entry = JSON.parse(line) as LoggedCommand;
        told.push(entry.seq);
        control.lastSeq = Math.max(control.lastSeq, Math.min(last, entry.seq + 1));
        if (entry.seq === last) end();
      },
    });
    return { told, text, exitCode };
  };

  test('goes on with what comes, and ends well when asked to', async () => {
    const { told, exitCode } = await follow(['--limit', '2'], 10);
    expect(told).toEqual([6, 7, 8, 9, 10]);
    expect(exitCode).toBe(0);
  });

  test('of a node begins with what it has not applied', async () => {
    control.put('mysql3', { state: 'DOWN', position: 4, pending: 3 });
    expect((await follow(['mysql3'], 9)).told).toEqual([5, 6, 7, 8, 9]);
  });
});

describe('lockstep log verify', () => {
  test('through the running balancer', async () => {
    const well = await log(['verify']);
    expect(well.text).toBe('the log is whole: 2 segments, 7 entries, 1 to 7; 1 intent; 0.0 MB');
    expect(well.exitCode).toBe(0);
    const torn = { file: '/log/2.seg', offset: 50 };
    control.logVerification = { ...control.logVerification, torn };
    const interrupted = await log(['verify']);
    expect(interrupted.text).toMatch(
      /^\/log\/2.seg, offset 50: an interrupted write.*\n.* whole: /,
    );
    expect(interrupted.exitCode).toBe(0);
    const { torn: _none, ...whole } = control.logVerification;
    control.logVerification = whole;
    const problem = { file: '/log/1.seg', offset: 99, reason: 'a record is damaged' };
    control.logVerification = { ...control.logVerification, problems: [problem] };
    const damaged = await log(['verify']);
    expect(damaged.text).toMatch(/^\/log\/1.seg, offset 99: a record is damaged\n.* is DAMAGED: /);
    expect(damaged.exitCode).toBe(1);
    const { text, exitCode } = await log(['verify', '--json']);
    expect(JSON.parse(text)).toMatchObject({ segments: 2, problems: [problem] });
    expect(exitCode).toBe(1);
  });

  test('of a folder at rest; not while somebody writes to it', async () => {
    const folder = await temporaryFolder();
    const embedded = await logOf(folder, 'DELETE FROM t', 'DELETE FROM u');
    const held = await log(['verify', '--data', folder]);
    expect(held.text).toContain(
      `a balancer, process ${process.pid}, writes to the log in ${folder}`,
    );
    expect(held.exitCode).toBe(1);
    await embedded.close();
    const { text, exitCode } = await log(['verify', '--data', folder]);
    expect(text).toMatch(/^the log is whole: 1 segment, 2 entries, 1 to 2; 0 intents/);
    expect(exitCode).toBe(0);
  });

  test('of a folder that holds no log', async () => {
    const folder = await temporaryFolder();
    const { text, exitCode } = await log(['verify', '--data', folder]);
    expect(text).toContain(`${folder} holds no command log`);
    expect(exitCode).toBe(2);
  });

  const logOf = async (folder: string, ...statements: readonly string[]): Promise<EmbeddedLog> => {
    const embedded = await openEmbeddedLog({ folder, onWarning: () => {} });
    for (const [index, sql] of statements.entries()) {
      const at = seq(index + 1);
      await embedded.append({ seq: at, payload: encodeEntry(entryOf(at, sql)) });
    }
    return embedded;
  };
});
