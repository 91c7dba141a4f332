import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import { type AcceptedClient, ClientLogin } from './client-login.ts';
import type { ClientSession } from './client-session.ts';
import type { SessionContext } from './session-context.ts';

/** Accepts MySQL clients, logs them in and hands them to their sessions. */
export class MysqlListener {
  readonly #context: SessionContext;
  readonly #server: Server;
  readonly #connections = new Set<Duplex>();
  readonly #sessions = new Set<ClientSession>();
  readonly #rsaKeys: { readonly privateKeyPem: string; readonly publicKeyPem: string };
  readonly #tls: SecureContext | undefined;
  #lastConnectionId = 0;

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
      full: () => this.#sessions.size >= this.#context.config.limits.sessions,
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

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of [...this.#sessions]) session.close();
    for (const connection of this.#connections) connection.destroy();
    if (this.#server.listening) await closed;
  }
}
