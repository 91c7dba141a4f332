import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findEngine } from '../../src/demo/engine.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { clientScript } from '../support/client-script.ts';
import { engines, expectEqualNodes, startServers, type TestServers } from '../support/cluster.ts';

interface Printed {
  readonly output: string;
  readonly errors: string;
}

const clientNames = ['mariadb', 'mysql'] as const;

describe.each(engines())('the command-line clients, $name', (engine) => {
  let alone: TestServers;
  let servers: TestServers;
  let lockstep: TestBalancer;

  beforeAll(async () => {
    alone = await startServers({ engine, count: 1 });
    servers = await startServers({ engine, count: 3 });
    lockstep = await startBalancer(servers);
  });

  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
    await alone?.close();
  });

  /** Runs a client with the script on its standard input; undefined where it is not installed. */
  const run = (
    client: (typeof clientNames)[number],
    port: number,
    script: string,
    options: readonly string[] = [],
  ): Promise<Printed> | undefined => {
    const address = ['--no-defaults', '-h127.0.0.1', `-P${port}`, '-uapp', '-papp'];
    const argv = [...address, '--default-character-set=utf8mb4', '--force', ...options, 'app'];
    const command = findEngine(client)?.tool(client, argv);
    if (!command) return undefined;
    return new Promise((resolve) => {
      const child = execFile(command.file, [...command.argv], (_error, output, errors) => {
        const alike = output
          .replaceAll(/\(?\d+(?:\.\d+)? sec\)?/g, '(time)')
          // A follower does not count ids that were rolled back.
          .replaceAll(/AUTO_INCREMENT=\d+/g, 'AUTO_INCREMENT=n')
          // MySQL warns of a function that Lockstep answers itself.
          .replace(/(SELECT FOUND_ROWS\(\)\n-+\n\n(?:[+|].*\n)+1 row in set), 1 warning/, '$1');
        resolve({ output: alike, errors: errors.replace(/^.*password on the command.*\n/m, '') });
      });
      child.stdin?.end(script);
    });
  };

  test.for(clientNames)('%s prints what it prints on a server', async (client, { skip }) => {
    const [direct] = alone.servers;
    if (engine.name === 'mariadb' && client === 'mysql') {
      skip('the client of MySQL 9 cannot log in to MariaDB, which offers only native');
    }
    const options = ['-vvv', '--table'];
    const expected = await run(client, direct?.port ?? 0, clientScript, options);
    const found = await run(client, lockstep.port, clientScript, options);
    if (!expected) skip(`there is no ${client} on this machine`);
    expect(expected?.output).toContain('last');
    expect(expected?.errors).toContain('ERROR 1062');
    expect(found).toEqual(expected);
    await expectEqualNodes(servers.servers);
  });

  test.for(clientNames)('%s over TLS, with our certificate checked', async (client, { skip }) => {
    const certificate = join(lockstep.config.log.folder, 'tls-cert.pem');
    expect(readFileSync(certificate, 'utf8')).toContain('BEGIN CERTIFICATE');
    const options = {
      mariadb: ['--ssl', `--ssl-ca=${certificate}`, '--ssl-verify-server-cert'],
      mysql: ['--ssl-mode=VERIFY_CA', `--ssl-ca=${certificate}`],
    }[client];
    const script = "SELECT 'over TLS', REPEAT('x', 100000) = '';";
    const found = await run(client, lockstep.port, script, options);
    if (!found) skip(`there is no ${client} on this machine`);
    expect(found?.errors).toBe('');
    expect(found?.output).toContain('over TLS');
  });

  test.for(clientNames)(
    '%s without TLS is refused where it is required',
    async (client, { skip }) => {
      await lockstep.restartWith((config) => ({
        ...config,
        tls: { ...config.tls, mode: 'required' },
      }));
      try {
        const off = { mariadb: ['--skip-ssl'], mysql: ['--ssl-mode=DISABLED'] }[client];
        const on = { mariadb: ['--ssl'], mysql: ['--ssl-mode=REQUIRED'] }[client];
        const refused = await run(client, lockstep.port, 'SELECT 1', off);
        if (!refused) skip(`there is no ${client} on this machine`);
        expect(refused?.errors).toContain('ERROR 3159');
        expect((await run(client, lockstep.port, 'SELECT 7', on))?.output).toContain('7');
      } finally {
        await lockstep.restart();
      }
    },
  );
});
