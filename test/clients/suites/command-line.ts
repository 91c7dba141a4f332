import { findEngine, type EngineName } from '../../../src/demo/engine.ts';
import { clientScript } from '../../support/client-script.ts';
import { runProgram } from '../frame/run-program.ts';
import type { FailedTest, Suite, SuiteResult, Target } from '../frame/suite.ts';

// The clients at a terminal have no tests of their own: what they print on a server, statement by
// statement, is what they must print through Lockstep.
const printedDirectly = new Map<string, ReadonlyMap<string, string>>();

export const suite: Suite = {
  name: 'command-line',
  packages: ['mariadb-client'],
  async run(target) {
    const passed: string[] = [];
    const failed: FailedTest[] = [];
    for (const client of clientsFor(target.engine)) {
      const printed = await printedBy(client, target);
      const key = `${client} ${target.engine}`;
      if (target.place === 'direct') printedDirectly.set(key, printed);
      const expected = printedDirectly.get(key) ?? new Map<string, string>();
      for (const [statement, text] of expected) {
        const name = `${client}> ${statement}`;
        const found = printed.get(statement) ?? 'nothing';
        if (found === text) passed.push(name);
        else failed.push({ name, reason: `printed ${found} where a server does ${text}` });
      }
    }
    return { passed, failed } satisfies SuiteResult;
  },
};

/** MySQL's own client no longer knows the one password plugin that MariaDB 10.11 offers. */
function clientsFor(engine: EngineName): readonly EngineName[] {
  return engine === 'mariadb' ? ['mariadb'] : ['mariadb', 'mysql'];
}

/** Each statement of the script, and each error, to what the client printed of it. */
async function printedBy(client: EngineName, target: Target): Promise<Map<string, string>> {
  const { host, port, user, password, database } = target;
  const address = [`-h${host}`, `-P${port}`, `-u${user}`, `-p${password}`, database];
  const options = ['--default-character-set=utf8mb4', '--force', '-vvv', '--table'];
  const command = findEngine(client)?.tool(client, ['--no-defaults', ...options, ...address]);
  if (!command) throw new Error(`there is no ${client} on this machine`);
  const { stdout, stderr } = await runProgram({ ...command, input: clientScript });
  const printed = new Map<string, string>();
  const add = (what: string, text: string): void => {
    const nth = [...printed.keys()].filter((key) => key.startsWith(what)).length;
    printed.set(nth === 0 ? what : `${what} #${nth + 1}`, text);
  };
  // Before each answer stands the statement, between two lines of dashes.
  const parts = stdout.split(/^-{14}\n/m);
  for (let index = 1; index < parts.length; index += 2) {
    add((parts[index] ?? '').trim(), alike(parts[index + 1] ?? ''));
  }
  for (const [error, where = ''] of stderr.matchAll(/^ERROR .* at (line \d+): .*$/gm)) {
    add(`error at ${where}`, error);
  }
  return printed;
}

const alike = (text: string): string =>
  text
    .replaceAll(/\(?\d+(?:\.\d+)? sec\)?/g, '(time)')
    // A follower does not count ids that were rolled back.
    .replaceAll(/AUTO_INCREMENT=\d+/g, 'AUTO_INCREMENT=n')
    .trim();
