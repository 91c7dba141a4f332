import { expect, test } from 'vitest';
import { commandLineForEach } from '../../../test/support/command-line.ts';

const on = commandLineForEach();

test('what is the same of several nodes is said once, and one is not several', async () => {
  const note = { level: 'note' as const, check: 'local_infile', message: 'local_infile is OFF' };
  const sql = ['SET PERSIST local_infile = ON'];
  const clock = { level: 'warning' as const, check: 'clock', message: 'its clock is ahead' };
  on.control.examination = {
    findings: [
      { ...clock, about: 'mysql2' },
      { ...note, about: 'mysql1', sql },
      { ...note, about: 'mysql2', sql },
    ],
  };
  const { said } = await on.line.run(['doctor']);
  expect(said.split('\n')).toEqual([
    'WARNING mysql2: its clock is ahead',
    'note    mysql1, mysql2: local_infile is OFF',
    '        SET PERSIST local_infile = ON;',
    '',
    '0 errors, 1 warning',
  ]);
  // Each is to be run at its own node.
  expect((await on.line.run(['doctor', '--sql'])).said.match(/^-- mysql/gm)).toHaveLength(2);
});
