import { programFile, runTests } from '../frame/run-program.ts';
import type { Suite } from '../frame/suite.ts';

export const suite: Suite = {
  name: 'pymysql',
  // With the cryptography package it can give a password to MySQL without TLS.
  packages: ['python3-pymysql', 'python3-cryptography'],
  run(target) {
    const argv = [programFile('dbapi.py'), 'pymysql'];
    return runTests(target, { file: '/usr/bin/python3', argv });
  },
};
