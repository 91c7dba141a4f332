import { expect, test } from 'vitest';
import { commandLineForEach } from '../../../test/support/command-line.ts';
import { operations } from '../../http/operations.ts';

const on = commandLineForEach();

test('lists every operation', async () => {
  const { said } = await on.line.run(['api'], { width: Infinity });
  for (const { name } of operations) expect(said).toMatch(`${name} `);
  expect(said).toContain('Take a node out at once');
});

test('calls one by its name, with parameters wherever the API has them', async () => {
  const drained = await on.line.run(['api', 'drainNode', '--name', 'mysql2']);
  expect(JSON.parse(drained.said)).toMatchObject({ name: 'mysql2', state: 'DRAINING' });
  const weighed = await on.line.run(['api', 'setNodeWeight', '--name=mysql2', '--weight', '7']);
  expect(JSON.parse(weighed.said)).toMatchObject({ weight: 7 });
  const log = await on.line.run(['api', 'getLog', '--limit', '2']);
  expect((JSON.parse(log.said) as { entries: unknown[] }).entries).toHaveLength(2);
  const set = ['api', 'changeConfig', '--body', '{"set":{"acks":"leader"}}'];
  expect((await on.line.run(set)).exitCode).toBe(0);
  expect(on.control.settings.config.acks).toBe('leader');
  expect((await on.line.run(['api', 'getMetrics'])).said).toContain('lockstep_up 1');
});

test('says what it takes', async () => {
  const { said } = await on.line.run(['api', 'removeNode', '--help']);
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
  const { exitCode, complained } = await on.line.run(['api', ...words]);
  expect(exitCode).toBe(2);
  expect(complained).toMatch(reason);
});
