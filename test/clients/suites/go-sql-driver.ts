import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from '../frame/run-program.ts';
import type { FailedTest, Suite } from '../frame/suite.ts';

const source = '/usr/share/gocode/src/github.com/go-sql-driver/mysql';
const program = 'driver.test';

/** The driver's own tests, built from what its package ships. */
export const suite: Suite = {
  name: 'go-sql-driver',
  packages: ['golang-go', 'golang-github-go-sql-driver-mysql-dev'],
  async prepare(folder) {
    const built = await runProgram({
      file: 'go',
      argv: ['test', '-c', '-o', join(folder, program), '.'],
      cwd: source,
      // As Debian builds: packages lie in a GOPATH, nothing is fetched.
      env: { GOPATH: '/usr/share/gocode', GO111MODULE: 'off', GOCACHE: join(folder, 'cache') },
      timeoutMs: 600_000,
    });
    if (!existsSync(join(folder, program))) throw new Error(built.output);
  },
  async run(target, prepared) {
    const { output, code } = await runProgram({
      file: join(prepared, program),
      argv: ['-test.v', '-test.timeout=14m'],
      cwd: source,
      env: {
        MYSQL_TEST_PROT: 'tcp',
        MYSQL_TEST_ADDR: `${target.host}:${target.port}`,
        MYSQL_TEST_USER: target.user,
        MYSQL_TEST_PASS: target.password,
        MYSQL_TEST_DBNAME: target.database,
      },
      timeoutMs: 900_000,
    });
    const passed: string[] = [];
    const failed: FailedTest[] = [];
    // Each test's lines stand between its RUN and its end; what it skips it has not passed.
    for (const [, said = '', ending, name = ''] of output.matchAll(
      /((?:^(?! *--- ).*\n)*)^ *--- (PASS|FAIL|SKIP): (\S+)/gm,
    )) {
      if (ending === 'PASS') passed.push(name);
      else failed.push({ name, reason: `${ending}: ${reasonIn(said)}` });
    }
    if (code === null) failed.push({ name: '(program)', reason: 'was killed' });
    return { passed, failed };
  },
};

const reasonIn = (said: string): string => {
  const lines = said.split('\n').filter((line) => !/^=== |^\s*$|closing bad idle/.test(line));
  return lines.map((line) => line.trim()).join(' ');
};
