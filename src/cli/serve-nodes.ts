import { resolve as absolutePath } from 'node:path';
import { type Balancer, createBalancer } from '../balancer.ts';
import type { Config } from '../config/config.ts';
import type { GivenConfig } from '../config/config-origin.ts';
import { configError } from '../config/problem.ts';
import { counted } from './amounts.ts';
import { CliError } from './cli-error.ts';
import { endOnSignal } from './end-on-signal.ts';
import { type GivenFlags, givenConfig } from './given-config.ts';
import { killAtFaultPoint } from './kill-at-fault-point.ts';
import type { Terminal } from './terminal.ts';

/**
 * Serves until a signal asks for the end; a second one ends the process at once. With a
 * configuration file SIGHUP reads it again.
 */
export async function serveNodes(flags: GivenFlags, terminal: Terminal): Promise<void> {
  killAtFaultPoint(process.env['LOCKSTEP_FAULT_POINT']);
  const { config, sources } = givenConfig(flags);
  const { config: file } = flags;
  const ended = endOnSignal(() => {}, { hangUpEnds: file === undefined });
  const origin = {
    sources,
    ...(file === undefined ? {} : { file: absolutePath(file), read: () => givenAgain(flags) }),
  };
  let reload = (): void => {};
  if (file !== undefined) process.on('SIGHUP', () => reload());
  const starting = createBalancer(config, { origin });
  const balancer = await Promise.race([starting, ended]);
  if (balancer === undefined) {
    await (await starting).close();
    return;
  }
  // How it went is told by its events, which the log has too.
  reload = () => void balancer.control.settings.reload('signal').catch(() => undefined);
  terminal.say(listeningLine(config, balancer));
  await ended;
  terminal.say('stopping …');
  await balancer.close();
}

/** Whoever asks for it is not at this terminal. */
function givenAgain(flags: GivenFlags): GivenConfig {
  try {
    return givenConfig(flags);
  } catch (error) {
    if (error instanceof CliError) throw configError([error.message], { cause: error });
    throw error;
  }
}

function listeningLine(config: Config, { control, mysqlPort, httpPort }: Balancer): string {
  const http = httpPort === undefined ? '' : `, http://${config.http.host}:${httpPort}/`;
  const count = control.nodes().length;
  return `serving mysql://${config.mysql.host}:${mysqlPort}${http}, ${counted(count, 'nodes')}`;
}
