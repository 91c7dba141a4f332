import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Config } from '../config/config.ts';
import { configError } from '../config/problem.ts';

interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Throws `config_invalid` with every port that cannot be listened on, and why. It is asked before
 * any node is, whose answers may take their time; the ports are opened only when all else is up.
 */
export async function refuseTakenPorts({ mysql, http }: Pick<Config, 'mysql' | 'http'>) {
  const lines = await Promise.all([
    refusal(mysql, 'MySQL clients', 'mysql.port (--port)'),
    ...(http.enabled ? [refusal(http, 'HTTP', 'http.port (--http-port)')] : []),
  ]);
  const refused = lines.filter((line) => line !== undefined);
  if (refused.length > 0) throw configError(refused);
}

async function refusal({ host, port }: Address, use: string, setting: string) {
  if (port === 0) return undefined;
  const probe = createServer();
  try {
    probe.listen({ port, host, exclusive: true });
    await once(probe, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const wrong = code === 'EADDRINUSE' ? 'is already taken' : `cannot be had on ${host} (${code})`;
    return `port ${port} (for ${use}) ${wrong}; choose another with ${setting}`;
  }
  probe.close();
  await once(probe, 'close');
  return undefined;
}
