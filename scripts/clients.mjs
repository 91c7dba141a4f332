// `npm run test:clients` runs the test suites of real clients and drivers on a server, through
// Lockstep with one node and with three, and says what passes on a server only.
//
//   npm run test:clients                        every client, on both engines
//   npm run test:clients -- pymysql php-mysqli  these clients
//   npm run test:clients -- --engine mysql      on this engine
//   npm run test:clients -- --json report.json  where the report goes (.lockstep/clients.json)
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { tableOf } from './clients/table.mjs';
import { engineNames, ensureEngines } from './install-engines.mjs';
import { prepare, projectFolder } from './prepare.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { engine: { type: 'string' }, json: { type: 'string' } },
});
if (values.engine !== undefined && !engineNames.includes(values.engine)) {
  console.error(`--engine ${values.engine}: expected ${engineNames.join(' or ')}`);
  process.exit(2);
}
const report = resolve(values.json ?? `${projectFolder}/.lockstep/clients.json`);

prepare();
const { missing } = ensureEngines(values.engine === undefined ? engineNames : [values.engine]);
for (const reason of Object.values(missing)) console.error(`skipped: ${reason}`);
rmSync(report, { force: true });
const { status } = spawnSync(
  `${projectFolder}/node_modules/.bin/vitest`,
  ['run', '--project', 'clients'],
  {
    cwd: projectFolder,
    stdio: 'inherit',
    env: {
      ...process.env,
      LOCKSTEP_CLIENTS_SUITES: positionals.join(' '),
      LOCKSTEP_CLIENTS_REPORT: report,
      ...(values.engine === undefined ? {} : { LOCKSTEP_CLIENTS_ENGINE: values.engine }),
    },
  },
);
if (existsSync(report)) {
  const lines = tableOf(JSON.parse(readFileSync(report, 'utf8')));
  console.log(lines.join('\n'));
}
process.exitCode = status ?? 1;
