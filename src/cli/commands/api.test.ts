import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CommandLine, openCommandLine } from '../../../test/support/command-line.ts';
import { MemoryControl } from '../../../test/support/memory-control.ts';
import { operations } from '../../http/operations.ts';

let control: MemoryControl;
let line: CommandLine;

beforeEach(async () => {
  control = new MemoryControl();
  line = await openCommandLine(control);
});

afterEach(() => line[Symbol.asyncDispose]());

test('lists every operation', async () => {
  const { said } = await line.run(['api'], { width: Infinity });
  for (const { name } of operations) expect(said).toMatch(`${name} `);
  expect(said).toContain('Take a node out at once');
});

test('calls one by its name, with parameters wherever the API has them', async () => {
  const drained = await line.run(['api', 'drainNode', '--name', 'mysql2']);
  expect(JSON.parse(drained.said)).toMatchObject({ name: 'mysql2', state: 'DRAINING' });
  const weighed = await line.run(['api', 'setNodeWeight', '--name=mysql2', '--weight', '7']);
  expect(JSON.parse(weighed.said)).toMatchObject({ weight: 7 });
  const log = await line.run(['api', 'getLog', '--limit', '2']);
  expect((JSON.parse(log.said) as { entries: unknown[] }).entries).toHaveLength(2);
  const set = ['api', 'changeConfig', '--body', '{"set":{"acks":"leader"}}'];
  expect((await line.run(set)).exitCode).toBe(0);
  expect(control.settings.config.acks).toBe('leader');
  expect((await line.run(['api', 'getMetrics'])).said).toContain('lockstep_up 1');
});

test('says what it takes', async () => {
  const { said } = await line.run(['api', 'removeNode', '--help']);
  expect(said).toContain('DELETE /nodes/{name}');
  expect(said).toMatch(/--name +string, required +Name of a node\./);
  expect(said).toMatch(/--force +boolean/);
});

test.each([
  [['drainNod'], /did you mean drainNode/],
  [['drainNode'], /drainNode needs --name/],
  [['drainNode', '--nam', 'x'], /did you mean --name/],
  [['setNodeWeight', '--name', 'mysql1', '--weight', 'much'], /expected a number/],
])('asked wrongly, %j is 2', async (words, reason) => {
  const { exitCode, complained } = await line.run(['api', ...words]);
  expect(exitCode).toBe(2);
  expect(complained).toMatch(reason);
});
