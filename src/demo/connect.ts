import { createConnection, type Connection } from 'mysql2/promise';

export interface ConnectOptions {
  /** `root` (password `root`) or `app` (password `app`) of the local servers. Default `app`. */
  readonly user?: string;
  /** Default: the user's name. */
  readonly password?: string;
  readonly database?: string;
  readonly multipleStatements?: boolean;
}

/** A connection to whatever speaks the protocol on that port of 127.0.0.1: a server or Lockstep. */
export function connectTo(
  target: { readonly port: number },
  options: ConnectOptions = {},
): Promise<Connection> {
  const user = options.user ?? 'app';
  return createConnection({
    host: '127.0.0.1',
    port: target.port,
    user,
    password: options.password ?? user,
    connectTimeout: 10_000,
    supportBigNumbers: true,
    bigNumberStrings: false,
    multipleStatements: options.multipleStatements ?? false,
    ...(options.database === undefined ? {} : { database: options.database }),
  });
}
