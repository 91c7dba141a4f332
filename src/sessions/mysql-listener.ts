import { rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import type { Timer } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import { type NetworkList, networkList } from '../config/network-list.ts';
import type { AcceptedClient } from './accepted-client.ts';
import { ClientLogin } from './client-login.ts';
import type { ConnectionOrigin } from './client-origin.ts';
import { DeniedLogins } from './denied-logins.ts';
import { readIntoSharedBuffer } from '../nodes/read-buffer.ts';
import type { SessionContext } from './session-context.ts';
import { makeRsaKeys, type RsaKeys } from './rsa-keys.ts';
import { type SessionHandle, SessionRegistry } from './session-registry.ts';

/** A time-out is told in whole seconds, so this is exact enough. */
const idleCheckMs = 1000;

/** Accepts MySQL clients, logs them in and hands them to their sessions. */
export class MysqlListener {
  readonly #context: SessionContext;
  readonly #server: Server;
  readonly #socketServer: Server;
  readonly #deniedLogins: DeniedLogins;
  #trusted: { readonly written: string; readonly networks: NetworkList | undefined };
  readonly #connections = new Set<Duplex>();
  readonly #sessions: SessionRegistry;
  readonly #keysInWork: Promise<RsaKeys>;
  /** There before anybody can connect; clients of this process need none. */
  #rsaKeys: RsaKeys | undefined;
  #tls: SecureContext | undefined;
  #lastConnectionId = 0;
  #idleWatch: Timer;

  /** Without `tls` no encryption is offered. */
  constructor(context: SessionContext, tls?: SecureContext) {
    this.#context = context;
    this.#sessions = new SessionRegistry(context.clock);
    this.#tls = tls;
    this.#keysInWork = makeRsaKeys();
    this.#deniedLogins = new DeniedLogins(context.clock);
    this.#trusted = { written: '', networks: undefined };
    this.#server = createServer({ noDelay: true }, (socket) =>
      this.#accept(socket, { address: socket.remoteAddress }),
    );
    this.#socketServer = createServer((socket) => this.#accept(socket, { local: true }));
    this.#idleWatch = this.#watchIdle();
  }

  get sessions(): SessionRegistry {
    return this.#sessions;
  }

  /** What clients that connect from now on are shown; undefined offers no encryption. */
  set tls(identity: SecureContext | undefined) {
    this.#tls = identity;
  }

  /** The port that is listened on; `port` 0 takes a free one. With `socket` there too. */
  async listen(address: Config['mysql']): Promise<number> {
    this.#rsaKeys = await this.#keysInWork;
    const port = await this.#listenOnPort(address);
    if (address.socket !== undefined) await this.#listenOnSocket(address.socket);
    return port;
  }

  #listenOnPort(address: { host: string; port: number }): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(address.port, address.host, () => {
        this.#server.off('error', reject);
        const bound = this.#server.address();
        resolve(typeof bound === 'object' && bound ? bound.port : address.port);
      });
    });
  }

  /** Listens on a Unix socket too; who reaches it is as free to log in as by the port. */
  async #listenOnSocket(path: string): Promise<void> {
    await removeUnused(path);
    return new Promise((resolve, reject) => {
      this.#socketServer.once('error', reject);
      this.#socketServer.listen({ path, readableAll: true, writableAll: true }, () => {
        this.#socketServer.off('error', reject);
        resolve();
      });
    });
  }

  #accept(client: Socket, from: { address?: string | undefined; local?: boolean }): void {
    readIntoSharedBuffer(client);
    const { address, local = false } = from;
    const mayBeProxy = this.#trustedNow?.has(address) ?? false;
    this.#serve(client, { address, local, mayBeProxy });
  }

  get #trustedNow(): NetworkList | undefined {
    const { proxyProtocolNetworks: written = '' } = this.#context.config.mysql;
    if (written !== this.#trusted.written) {
      this.#trusted = { written, networks: networkList(written) };
    }
    return this.#trusted.networks;
  }

  /** Serves one client of this process on any stream of bytes, until it ends. */
  accept(client: Duplex): AcceptedClient {
    return this.#serve(client, { address: undefined, local: true, mayBeProxy: false });
  }

  #serve(client: Duplex, from: ConnectionOrigin): AcceptedClient {
    this.#connections.add(client);
    let here = client;
    return new ClientLogin({
      context: this.#context,
      client,
      from,
      connectionId: ++this.#lastConnectionId,
      sessions: this.#sessions,
      rsaKeys: this.#rsaKeys,
      tls: this.#tls,
      deniedLogins: this.#deniedLogins,
      admit: (user, session) => this.#admit(user, session),
      onSession: (session) => {
        this.#sessions.add(session);
        this.#context.counters.sessionOpened();
      },
      onReturned: (socket) => {
        this.#connections.delete(here);
        here = socket;
        this.#connections.add(here);
      },
      onEnd: (session) => {
        this.#connections.delete(here);
        if (session && this.#sessions.delete(session)) this.#context.counters.sessionClosed();
      },
    });
  }

  /**
   * Throws when there is no place for one more session of this user. One that is there already,
   * and changes to this user, is none more of all.
   */
  #admit(user: string, changing?: SessionHandle): void {
    const { limits, nodes } = this.#context.config;
    // As servers do for their administrators: whoever is to mend it must get in.
    const reserved = nodes.some((node) => node.user === user) ? 1 : 0;
    if (!changing && this.#sessions.size >= limits.sessions + reserved) {
      throw new LockstepError('too_many_sessions', 'Too many connections');
    }
    const { sessionsPerUser } = limits;
    if (sessionsPerUser === undefined || sessionsPerUser > this.#sessions.size) return;
    let open = 0;
    for (const session of this.#sessions.values()) {
      if (session !== changing && session.core.account.user === user) open += 1;
    }
    if (open >= sessionsPerUser) {
      throw new LockstepError(
        'too_many_user_sessions',
        `User ${user} already has ${open} connections (limits.sessions_per_user)`,
      );
    }
  }

  #watchIdle(): Timer {
    return this.#context.clock.after(idleCheckMs, () => {
      const nowMs = this.#context.clock.nowMs();
      for (const session of [...this.#sessions.values()]) session.closeIfIdle(nowMs);
      this.#idleWatch = this.#watchIdle();
    });
  }

  async close(): Promise<void> {
    const closed = Promise.all([this.#server, this.#socketServer].map(closeServer));
    this.#idleWatch.cancel();
    for (const session of [...this.#sessions.values()]) session.kill({});
    for (const connection of this.#connections) connection.destroy();
    await closed;
    this.#context.accounts.close();
  }
}

const closeServer = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
  });

/** A socket that nobody listens on any more was left by a process that was killed. */
async function removeUnused(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return;
  if (!found.isSocket()) {
    throw new LockstepError('conflict', `mysql.socket: ${path} is there, and is no socket`);
  }
  const used = await new Promise<boolean>((resolve) => {
    const probe = connect({ path });
    probe.once('error', () => resolve(false));
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
  });
  if (used)
    throw new LockstepError('conflict', `mysql.socket: ${path} is in use by another process`);
  await rm(path, { force: true });
}
