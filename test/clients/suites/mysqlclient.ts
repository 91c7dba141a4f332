import { programFile, runTests } from '../frame/run-program.ts';
import type { Suite } from '../frame/suite.ts';

export const suite: Suite = {
  name: 'mysqlclient',
  packages: ['python3-mysqldb'],
  run(target) {
    const argv = [programFile('dbapi.py'), 'MySQLdb'];
    return runTests(target, { file: '/usr/bin/python3', argv });
  },
};
