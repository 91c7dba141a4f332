import { programFile, runTests } from '../frame/run-program.ts';
import type { Suite } from '../frame/suite.ts';

export const suite: Suite = {
  name: 'sqlalchemy-mysqldb',
  packages: ['python3-sqlalchemy', 'python3-mysqldb'],
  run(target) {
    const argv = [programFile('sqlalchemy_suite.py'), 'mysqldb'];
    return runTests(target, { file: '/usr/bin/python3', argv });
  },
};
