import { describe, expect, test } from 'vitest';
import { commandLineForEach, runLockstep } from '../../../test/support/command-line.ts';

const on = commandLineForEach();

describe('lockstep status', () => {
  test('is one screen, and all is well with exit code 0', async () => {
    const { said, exitCode } = await on.line.run(['status']);
    expect(exitCode).toBe(0);
    const [summary, , version] = said.split('\n');
    expect(summary).toBe('3 nodes');
    expect(version).toBe('version 0.0.0, up 1 min 1 s, 2 sessions, leader mysql1, term 1');
    expect(said).toMatch(/^mysql1 \* +UP/m);
    expect(said).not.toContain('\u001B');
  });

  test.each([60, 80, 120])('no line is longer than %d columns', async (width) => {
    const reason = 'a reason that is far longer than any terminal is wide, '.repeat(4);
    on.control.put('mysql2', { state: 'QUARANTINED', inSync: false, reason });
    on.control.put('mysql3', {
      state: 'RECOVERING',
      inSync: false,
      position: 3,
      pending: 1_000_000,
    });
    const { said } = await on.line.run(['status'], { width });
    for (const text of said.split('\n').slice(1)) expect(text.length).toBeLessThanOrEqual(width);
    expect(said).toMatch(/mysql2 +QUARANTINED/);
    expect(said).toMatch(/mysql3 replay \[-{20}\] 0 %, 1000000 entries/);
  });

  test('a node that is missing is 1, one that was taken out is not, no leader is 3', async () => {
    on.control.put('mysql2', { state: 'DOWN', inSync: false, reason: 'refused' });
    expect((await on.line.run(['status', '--json'])).exitCode).toBe(1);
    on.control.put('mysql2', { state: 'DISABLED' });
    expect((await on.line.run(['status', '--json'])).exitCode).toBe(0);
    const status = on.control.status();
    on.control.status = () => {
      const { leader: _leader, ...rest } = status;
      return rest;
    };
    expect((await on.line.run(['status', '--json'])).exitCode).toBe(3);
    expect((await on.line.run(['status'])).said).toContain('(* leader)');
    const nodes = status.nodes.map((node) => Object.assign(node, { leader: false }));
    on.control.status = () => ({ ...status, nodes });
    expect((await on.line.run(['status'])).said).not.toContain('(* leader)');
  });

  test('no balancer is 4', async () => {
    const { exitCode, complained } = await runLockstep(['--url', 'http://127.0.0.1:1', 'status']);
    expect(exitCode).toBe(4);
    expect(complained).toContain('lockstep serve');
  });

  test('colours are for terminals that want them', async () => {
    on.control.put('mysql2', { state: 'DOWN', inSync: false });
    const { said } = await on.line.run(['status'], { colours: true });
    expect(said).toContain('\u001B[31mDOWN');
    expect(said).toContain('\u001B[33m3 nodes');
  });

  test('a copy shows its tables', async () => {
    const resync = { phase: 'data' as const, source: 'mysql1', tablesDone: 3, tables: 4, rows: 9 };
    on.control.put('mysql3', {
      state: 'RESYNCING',
      inSync: false,
      resync: { ...resync, bytes: 2048 },
    });
    const { said } = await on.line.run(['status']);
    const bar = `[${'#'.repeat(15)}${'-'.repeat(5)}] 75 %`;
    expect(said).toContain(`mysql3 copy ${bar}, from mysql1, 3 of 4 tables, 2.0 KB`);
  });
});
