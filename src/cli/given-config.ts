import { readFileSync } from 'node:fs';
import { nodeName } from '../base/brands.ts';
import type { Config, UserConfig } from '../config/config.ts';
import type { GivenConfig } from '../config/config-origin.ts';
import { configFromNodes, readConfig } from '../config/load-config.ts';
import type { SettingSource } from '../config/setting-status.ts';
import { CliError, exitCodes } from './cli-error.ts';

/** The flags of `lockstep serve`. */
export interface GivenFlags {
  readonly config?: string;
  readonly node?: readonly string[];
  readonly user?: readonly UserConfig[];
  readonly port?: number;
  readonly httpPort?: number;
  readonly data?: string;
  readonly source?: string;
}

/** The file or the nodes given, with what the other flags override, and which is which. */
export function givenConfig(flags: GivenFlags): GivenConfig {
  const { config, sources } = readGiven(flags);
  const { source } = flags;
  if (source !== undefined && !config.nodes.some(({ name }) => name === source)) {
    throw new CliError(`--source ${source}: no node has this name`, {
      exitCode: exitCodes.usage,
    });
  }
  const given: Record<string, unknown> = {
    initial_source: source,
    users: flags.user,
    'mysql.port': flags.port,
    'http.port': flags.httpPort,
    'log.folder': flags.data,
  };
  for (const [path, value] of Object.entries(given)) {
    if (value !== undefined) sources.set(path, 'flag');
  }
  return { config: withFlags(config, flags), sources };
}

function withFlags(config: Config, { source, user, port, httpPort, data }: GivenFlags): Config {
  return {
    ...config,
    ...(source === undefined ? {} : { initialSource: nodeName(source) }),
    ...(user === undefined ? {} : { users: [...user] }),
    mysql: { ...config.mysql, ...(port === undefined ? {} : { port }) },
    http: { ...config.http, ...(httpPort === undefined ? {} : { port: httpPort }) },
    log: { ...config.log, ...(data === undefined ? {} : { folder: data }) },
  };
}

function readGiven({ config: file, node }: GivenFlags): {
  readonly config: Config;
  readonly sources: Map<string, SettingSource>;
} {
  if (file === undefined) {
    if (node !== undefined) {
      return { config: configFromNodes(node), sources: new Map([['nodes', 'flag']]) };
    }
    throw new CliError('no nodes are given', {
      remedy: 'Give --config <file>, or --node <name=url> once for each node.',
      exitCode: exitCodes.usage,
    });
  }
  const { config, written } = readConfig(textOf(file), file);
  return { config, sources: new Map(written.map((path) => [path, 'file'])) };
}

export function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw new CliError(`cannot read the configuration ${file} (${reason})`, {
      exitCode: exitCodes.usage,
      cause,
    });
  }
}
