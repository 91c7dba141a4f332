import { programFile, runTests } from '../frame/run-program.ts';
import type { Suite } from '../frame/suite.ts';

export const suite: Suite = {
  name: 'dbd-mariadb-emulated',
  packages: ['libdbd-mariadb-perl'],
  run(target) {
    return runTests(target, { file: 'perl', argv: [programFile('dbd-mariadb.pl'), 'emulated'] });
  },
};
