import { programFile, runTests } from '../frame/run-program.ts';
import type { Suite } from '../frame/suite.ts';

export const suite: Suite = {
  name: 'php-pdo-native',
  packages: ['php-cli', 'php-mysql'],
  run(target) {
    return runTests(target, { file: 'php', argv: [programFile('pdo.php'), 'native'] });
  },
};
