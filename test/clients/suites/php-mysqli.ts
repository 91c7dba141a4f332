import { programFile, runTests } from '../frame/run-program.ts';
import type { Suite } from '../frame/suite.ts';

export const suite: Suite = {
  name: 'php-mysqli',
  packages: ['php-cli', 'php-mysql'],
  run(target) {
    const argv = ['-d', 'mysqli.allow_local_infile=1', programFile('mysqli.php')];
    return runTests(target, { file: 'php', argv });
  },
};
