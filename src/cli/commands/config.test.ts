import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { commandLineForEach } from '../../../test/support/command-line.ts';
import { loadConfig } from '../../config/load-config.ts';
import { temporaryFolder } from '../../log/testing/temporary-folder.ts';

const on = commandLineForEach();

async function fileOf(text: string): Promise<string> {
  const file = join(await temporaryFolder(), 'lockstep.yaml');
  await writeFile(file, text);
  return file;
}

const nodes = 'nodes: ["mysql1=mysql://root:secret@127.0.0.1:3307/app"]';

describe('lockstep config', () => {
  test('set changes all that is given, and says how it is kept', async () => {
    const { said, complained } = await on.line.run([
      ...['config', 'set', 'health.interval=2s', 'limits.sessions=50', 'nodes.mysql2.weight=3'],
    ]);
    expect(said.split('\n')).toEqual(
      [
        'limits.sessions: 10000 -> 50',
        'health.interval: 5s -> 2s',
        'nodes.mysql2.weight: 1 -> 3',
      ].toSorted((a, b) => said.indexOf(a) - said.indexOf(b)),
    );
    expect(complained).toContain('until Lockstep is restarted');
    expect(complained).toContain('health: { interval: 2s }');
    expect(on.control.settings.config.health.intervalMs).toBe(2000);
    expect(on.control.settings.changes[0]?.by).toBe('local');
  });

  test('set changes nothing when one of them is wrong', async () => {
    const { exitCode, complained } = await on.line.run([
      ...['config', 'set', 'health.interval=2s', 'health.fall=0', 'healt.rise=1'],
    ]);
    expect(exitCode).toBe(2);
    expect(complained).toMatch(
      /health\.fall: "0" is out of range.*\n.*did you mean "health\.rise"/,
    );
    expect(on.control.settings.config.health.intervalMs).toBe(5000);
  });

  test('get shows one setting, or a group', async () => {
    expect((await on.line.run(['config', 'get', 'health.interval'])).said).toBe('5s');
    expect((await on.line.run(['config', 'get', 'health'])).said).toContain('health.rise: 2');
    expect((await on.line.run(['config', 'get', 'healt'])).exitCode).toBe(2);
  });

  test('print is YAML with the origin of each value, and shows no secret', async () => {
    await on.line.run(['config', 'set', 'acks=leader']);
    const { said } = await on.line.run(['config', 'print']);
    expect(said).not.toContain('app_password');
    expect(parse(said)).toMatchObject({
      acks: 'leader',
      health: { interval: '5s' },
      nodes: { mysql1: { port: 3307, password: '…' } },
    });
    expect(said).toMatch(/^ {2}interval: 5s +# default$/m);
    expect(said).toMatch(/^# To read: a file to start with takes nodes and users as /);
    const file = await fileOf(`${nodes}\nhealth: { interval: 1s }\n`);
    const ofFile = (await on.line.run(['config', 'print', file])).said;
    expect(ofFile).toMatch(/^ {2}interval: 1s +# file$/m);
    expect(ofFile).not.toContain('secret');
  });

  test('check says all that is wrong with a file, with its place', async () => {
    const right = await on.line.run(['config', 'check', await fileOf(nodes)]);
    expect(right).toMatchObject({
      exitCode: 0,
      said: expect.stringContaining('is right: 1 node'),
    });
    const wrong = await on.line.run([
      'config',
      'check',
      await fileOf(`${nodes}\nacks: al\nx: 1\n`),
    ]);
    expect(wrong.exitCode).toBe(2);
    expect(wrong.complained).toMatch(/yaml:2:7: acks: .*\n.*yaml:3:1: unknown key "x"/);
  });

  test('apply sends what the file says, its secrets read here', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'pw'), 'from a file\n');
    const file = join(folder, 'lockstep.yaml');
    await writeFile(
      file,
      'nodes: [{ name: n, host: h, user: u, password_file: pw }]\nhealth: { interval: 1s }\n',
    );
    expect((await on.line.run(['config', 'apply', file])).exitCode).toBe(0);
    const sent = loadConfig(on.control.settings.texts[0] ?? '', 'sent');
    expect(sent.nodes[0]).toMatchObject({ password: 'from a file' });
    expect(sent.health.intervalMs).toBe(1000);
  });

  test('diff is 1 when the file says something else', async () => {
    on.control.settings.file = '/etc/lockstep.yaml';
    expect((await on.line.run(['config', 'diff'])).exitCode).toBe(0);
    await on.line.run(['config', 'set', 'no_node_timeout=7s']);
    const { said, exitCode } = await on.line.run(['config', 'diff']);
    expect(exitCode).toBe(1);
    expect(said.split('\n')).toEqual([
      '/etc/lockstep.yaml differs from what runs:',
      '  no_node_timeout',
      '    - 7000ms',
      '    + 5s',
    ]);
  });
});
