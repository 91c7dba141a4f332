import type { Engine } from './engine.ts';

export interface ServerSettings {
  readonly dataFolder: string;
  /** Of this server alone: one that starts removes the temporary tables that it finds there. */
  readonly temporaryFolder: string;
  readonly port: number;
  readonly errorLog: string;
  readonly pidFile: string;
  /** Later ones win, so these override every default here. */
  readonly extraArguments: readonly string[];
}

/** What a server needs to run at all, also while its data folder is being made. */
export function baseArguments(engine: Engine, dataFolder: string): string[] {
  const common = [
    '--no-defaults',
    `--datadir=${dataFolder}`,
    ...asRoot(),
    '--character-set-server=utf8mb4',
    '--innodb-buffer-pool-size=64M',
  ];
  return engine.name === 'mariadb'
    ? [...common, '--innodb-log-file-size=96M']
    : [...common, '--innodb-redo-log-capacity=96M', '--skip-log-bin', '--secure-file-priv='];
}

/** Servers refuse to run as root unless told that this is meant. */
export function asRoot(): string[] {
  return process.getuid?.() === 0 ? ['--user=root'] : [];
}

/** One of several servers on one small machine, reachable by TCP on 127.0.0.1 only. */
export function serverArguments(engine: Engine, settings: ServerSettings): string[] {
  const common = [
    ...baseArguments(engine, settings.dataFolder),
    `--tmpdir=${settings.temporaryFolder}`,
    `--port=${settings.port}`,
    `--server-id=${settings.port}`,
    '--bind-address=127.0.0.1',
    // Relative to the data folder: the path of a socket may have 107 bytes at most (unix(7)).
    '--socket=mysql.sock',
    `--pid-file=${settings.pidFile}`,
    `--log-error=${settings.errorLog}`,
    // Without it, probes that hang up after the greeting get 127.0.0.1 blocked after a while.
    '--skip-name-resolve',
    '--sysdate-is-now',
    '--max-connections=500',
    '--max-allowed-packet=64M',
    '--event-scheduler=OFF',
    '--innodb-flush-log-at-trx-commit=2',
  ];
  const own =
    engine.name === 'mariadb'
      ? ['--performance-schema=OFF', '--key-buffer-size=1M', '--aria-pagecache-buffer-size=8M']
      : [
          '--mysqlx=OFF',
          '--performance-schema=OFF',
          '--innodb-log-writer-threads=OFF',
          // By way of the system's cache: what it wrote it need not read from the disk again.
          '--innodb-flush-method=fsync',
        ];
  return [...common, ...own, ...settings.extraArguments];
}
