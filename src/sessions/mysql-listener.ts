import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import type { Timer } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import { type AcceptedClient, ClientLogin } from './client-login.ts';
import type { ClientSession } from './client-session.ts';
import type { SessionContext } from './session-context.ts';

/** A time-out is told in whole seconds, so this is exact enough. */
const idleCheckMs = 1000;

/** Accepts MySQL clients, logs them in and hands them to their sessions. */
export class MysqlListener {
  readonly #context: SessionContext;
  readonly #server: Server;
  readonly #connections = new Set<Duplex>();
  readonly #sessions = new Set<ClientSession>();
  readonly #rsaKeys: { readonly privateKeyPem: string; readonly publicKeyPem: string };
  readonly #tls: SecureContext | undefined;
  #lastConnectionId = 0;
  #idleWatch: Timer;

  /** Without `tls` no encryption is offered. */
  constructor(context: SessionContext, tls?: SecureContext) {
    this.#context = context;
    this.#tls = tls;
    const { privateKey, publicKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      publicKeyEncoding: { type: 'spki', format: 'pem' },
    });
    this.#rsaKeys = { privateKeyPem: privateKey, publicKeyPem: publicKey };
    this.#server = createServer({ noDelay: true }, (socket) => this.accept(socket));
    this.#idleWatch = this.#watchIdle();
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** The port that is listened on; `port` 0 takes a free one. */
  listen(address: { host: string; port: number }): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(address.port, address.host, () => {
        this.#server.off('error', reject);
        const bound = this.#server.address();
        resolve(typeof bound === 'object' && bound ? bound.port : address.port);
      });
    });
  }

  /** Serves one client on any stream of bytes, until it ends. */
  accept(client: Duplex): AcceptedClient {
    this.#connections.add(client);
    return new ClientLogin({
      context: this.#context,
      client,
      connectionId: ++this.#lastConnectionId,
      rsaKeys: this.#rsaKeys,
      tls: this.#tls,
      admit: (user) => this.#admit(user),
      onSession: (session) => {
        this.#sessions.add(session);
        this.#context.counters.sessionOpened();
      },
      onEnd: (session) => {
        this.#connections.delete(client);
        if (session && this.#sessions.delete(session)) this.#context.counters.sessionClosed();
      },
    });
  }

  /** Throws when there is no place for one more session of this user. */
  #admit(user: string): void {
    const { limits, nodes } = this.#context.config;
    // As servers do for their administrators: whoever is to mend it must get in.
    const reserved = nodes.some((node) => node.user === user) ? 1 : 0;
    if (this.#sessions.size >= limits.sessions + reserved) {
      throw new LockstepError('too_many_sessions', 'Too many connections');
    }
    const { sessionsPerUser } = limits;
    if (sessionsPerUser === undefined || sessionsPerUser > this.#sessions.size) return;
    let open = 0;
    for (const session of this.#sessions) if (session.core.account.user === user) open += 1;
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
      for (const session of [...this.#sessions]) session.closeIfIdle(nowMs);
      this.#idleWatch = this.#watchIdle();
    });
  }

  async close(): Promise<void> {
    this.#idleWatch.cancel();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of [...this.#sessions]) session.close();
    for (const connection of this.#connections) connection.destroy();
    if (this.#server.listening) await closed;
    this.#context.accounts.close();
  }
}
