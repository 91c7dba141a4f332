import { connectTo } from '../../support/cluster.ts';
import { runProgram } from '../frame/run-program.ts';
import type { FailedTest, Suite, Target } from '../frame/suite.ts';

const program = 'mariadb-client-test';
const testTimeoutMs = 120_000;

/** The tests of the C client library, which come with the server; each is run alone. */
export const suite: Suite = {
  name: 'mariadb-client-test',
  packages: ['mariadb-test'],
  // As Debian builds it, it cannot give MySQL 9 a password without TLS, and takes no TLS options.
  engines: ['mariadb'],
  async run(target) {
    const passed: string[] = [];
    const failed: FailedTest[] = [];
    for (const name of await testNames()) {
      await removeLeftovers(target);
      const { output, code } = await runOne(target, name);
      if (code === 0) passed.push(name);
      else failed.push({ name, reason: reasonIn(code, output) });
    }
    return { passed, failed };
  },
};

async function testNames(): Promise<string[]> {
  const { output } = await runProgram({ file: program, argv: ['--no-defaults', '--show-tests'] });
  return [...new Set(output.match(/\btest_\w+/g))].toSorted();
}

/** A test that fails leaves its tables to those that come after it. */
async function removeLeftovers({ port }: Target): Promise<void> {
  const client = await connectTo({ port });
  await client.query('DROP DATABASE IF EXISTS client_test_db');
  await client.end();
}

function runOne({ host, port, user, password, database, folder }: Target, name: string) {
  const login = [`--host=${host}`, `--port=${port}`, `--user=${user}`, `--password=${password}`];
  const folders = [`--vardir=${folder}`, `--basedir=${folder}`];
  return runProgram({
    file: program,
    argv: ['--no-defaults', ...login, ...folders, '--silent', `--database=${database}`, name],
    cwd: folder,
    timeoutMs: testTimeoutMs,
  });
}

/** Its messages end with the check that failed. */
function reasonIn(code: number | null, output: string): string {
  const lines = output.split('\n').filter((line) => /\S/.test(line));
  return `${code === null ? 'was killed' : `code ${code}`}: ${lines.slice(-5).join(' ')}`;
}
