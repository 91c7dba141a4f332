import { randomBytes } from 'node:crypto';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { Timer } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import { ServerAuthentication, type AuthStep } from '../protocol/auth/server-auth.ts';
import { Capability, combine, has } from '../protocol/capabilities.ts';
import { type AssembledPacket, PacketAssembler } from '../protocol/command-scanner.ts';
import { encodeErr } from '../protocol/err-packet.ts';
import {
  decodeHandshakeResponse,
  type HandshakeResponse,
  isSslRequest,
} from '../protocol/handshake-response.ts';
import { encodeHandshakeV10, nonceBytes } from '../protocol/handshake-v10.ts';
import { encodeOk, plainOk } from '../protocol/ok-packet.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import { StatusFlag } from '../protocol/status-flags.ts';
import { ClientSession, errorPacket } from './client-session.ts';
import type { SessionContext } from './session-context.ts';
import { type Route, SessionCore } from './session-core.ts';
import { useSchema } from './statement-runner.ts';

/** What Lockstep offers to clients: what every node can do and Lockstep can carry. */
const offeredCapabilities =
  Capability.LONG_PASSWORD |
  Capability.FOUND_ROWS |
  Capability.LONG_FLAG |
  Capability.CONNECT_WITH_DB |
  Capability.PROTOCOL_41 |
  Capability.INTERACTIVE |
  Capability.TRANSACTIONS |
  Capability.SECURE_CONNECTION |
  Capability.MULTI_STATEMENTS |
  Capability.MULTI_RESULTS |
  Capability.PS_MULTI_RESULTS |
  Capability.PLUGIN_AUTH |
  Capability.CONNECT_ATTRS |
  Capability.PLUGIN_AUTH_LENENC |
  Capability.DEPRECATE_EOF;

const loginTimeoutMs = 10_000;
const handshakeBytesMax = 64 * 1024;
const utf8mb4 = 45;

/** What a caller inside the process may ask of the session it opened. */
export interface AcceptedClient {
  /** Where the latest statement ran. */
  readonly route: Route | undefined;
  /** The latest error that Lockstep, not a server, answered with. */
  readonly error: unknown;
}

interface LoginOptions {
  readonly context: SessionContext;
  readonly client: Duplex;
  readonly connectionId: number;
  readonly rsaKeys: { readonly privateKeyPem: string; readonly publicKeyPem: string };
  readonly tls: SecureContext | undefined;
  readonly full: () => boolean;
  readonly onSession: (session: ClientSession) => void;
  readonly onEnd: (session: ClientSession | undefined) => void;
}

/** One client's connection phase, and the plumbing between its stream and its session. */
export class ClientLogin implements AcceptedClient {
  readonly #options: LoginOptions;
  readonly #nonce = nonceOf();
  #client: Duplex;
  #authentication: ServerAuthentication | undefined;
  #assembler: PacketAssembler;
  #response: HandshakeResponse | undefined;
  #session: ClientSession | undefined;
  #done = false;
  #loginError: unknown;
  readonly #timer: Timer;

  constructor(options: LoginOptions) {
    this.#options = options;
    const { client, context } = options;
    this.#client = client;
    this.#assembler = new PacketAssembler({ payloadBytesMax: handshakeBytesMax });
    this.#timer = context.clock.after(loginTimeoutMs, () => this.#client.destroy());
    this.#listen();
    const greeting = encodeHandshakeV10({
      serverVersion: serverVersionOf(context),
      connectionId: options.connectionId,
      authData: this.#nonce,
      capabilities: combine(offeredCapabilities, options.tls ? Capability.SSL : 0),
      characterSet: utf8mb4,
      statusFlags: StatusFlag.AUTOCOMMIT,
      authPlugin: this.#defaultPlugin,
    });
    client.write(encodePacket(greeting, 0));
  }

  get route(): Route | undefined {
    return this.#session?.core.route;
  }

  get error(): unknown {
    return this.#loginError ?? this.#session?.core.lastError;
  }

  get #defaultPlugin(): 'mysql_native_password' | 'caching_sha2_password' {
    return /mariadb/i.test(serverVersionOf(this.#options.context))
      ? 'mysql_native_password'
      : 'caching_sha2_password';
  }

  /** Nobody listens in: inside TLS, or from this process itself. */
  get #secure(): boolean {
    return this.#client instanceof TLSSocket || !(this.#client instanceof Socket);
  }

  #listen(): void {
    this.#client.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#client.on('error', () => this.#onClose());
    this.#client.on('close', () => this.#onClose());
  }

  #onData(chunk: Buffer): void {
    try {
      for (let offset = 0; offset < chunk.length && !this.#done; ) {
        const { packet, consumed } = this.#assembler.pushOne(chunk, offset);
        offset += consumed;
        if (!packet) break;
        if (this.#session) this.#session.receive(packet);
        else if (this.#asksForTls(packet)) return this.#startTls(chunk.subarray(offset));
        else this.#onLoginPacket(packet);
      }
    } catch (error) {
      this.#refuse(error, (this.#assembler.lastSequenceId + 1) & 0xff);
    }
  }

  #asksForTls({ payload }: AssembledPacket): boolean {
    const { tls } = this.#options;
    return tls !== undefined && !this.#response && !this.#secure && isSslRequest(payload);
  }

  /** The client's next bytes, some of which may have come already, begin a TLS handshake. */
  #startTls(early: Buffer): void {
    const plain = this.#client as Socket;
    plain.removeAllListeners('data');
    plain.pause();
    if (early.length > 0) plain.unshift(early);
    const { tls } = this.#options;
    this.#client = new TLSSocket(plain, { isServer: true, ...(tls && { secureContext: tls }) });
    this.#assembler = new PacketAssembler({ payloadBytesMax: handshakeBytesMax });
    this.#listen();
  }

  #onLoginPacket(packet: AssembledPacket): void {
    const sequenceId = (packet.sequenceId + 1) & 0xff;
    if (this.#authentication) {
      return this.#step(this.#authentication.onPacket(packet.payload), sequenceId);
    }
    const { context, rsaKeys } = this.#options;
    if (context.config.tls.mode === 'required' && !this.#secure) {
      throw new LockstepError('tls_required', 'this server takes only encrypted connections');
    }
    const response = decodeHandshakeResponse(packet.payload);
    if (!has(response.capabilities, Capability.PROTOCOL_41)) {
      throw new LockstepError('unsupported', 'clients before MySQL 4.1 are not supported');
    }
    this.#response = response;
    this.#authentication = new ServerAuthentication({
      nonce: this.#nonce,
      defaultPlugin: this.#defaultPlugin,
      lookup: (user) => {
        const password = context.passwordOf(user);
        return password === undefined ? undefined : { password };
      },
      rsaKeys,
      secure: this.#secure,
      ...hostOf(this.#client),
    });
    this.#step(this.#authentication.onResponse(response), sequenceId);
  }

  #step(step: AuthStep, sequenceId: number): void {
    const client = this.#client;
    switch (step.kind) {
      case 'send':
        client.write(encodePacket(step.payload, sequenceId));
        return;
      case 'denied': {
        const error = { errno: 1045, sqlState: '28000', message: step.message };
        client.end(encodePacket(encodeErr(error), sequenceId));
        this.#options.context.counters.error('access_denied');
        this.#onClose();
        return;
      }
      case 'ok': {
        let okId = sequenceId;
        if (step.payloadBefore) client.write(encodePacket(step.payloadBefore, okId++));
        void this.#begin(step.user, okId & 0xff);
      }
    }
  }

  async #begin(user: string, sequenceId: number): Promise<void> {
    const { context, full } = this.#options;
    const client = this.#client;
    const response = this.#response;
    this.#timer.cancel();
    try {
      if (!response) throw new LockstepError('internal', 'logged in without a response');
      if (full()) throw new LockstepError('too_many_sessions', 'Too many connections');
      const capabilities = (response.capabilities & offeredCapabilities) >>> 0;
      const core = new SessionCore({
        context,
        client,
        account: {
          user,
          password: context.passwordOf(user) ?? '',
          deprecateEof: has(capabilities, Capability.DEPRECATE_EOF),
          foundRows: has(capabilities, Capability.FOUND_ROWS),
        },
      });
      this.#assembler = new PacketAssembler({
        payloadBytesMax: context.config.limits.packetBytes,
      });
      const session = new ClientSession({
        core,
        capabilities,
        initialSettings: initialSettings(core, response.characterSet),
        onClosed: () => this.#onClose(),
      });
      this.#options.onSession(session);
      this.#session = session;
      if (response.database !== undefined && response.database !== '') {
        const answer = await useSchema(core, response.database);
        if (answer.kind === 'held' && answer.reply.error) {
          client.end(answer.reply.render({ ...core.status, moreResults: false }, sequenceId).bytes);
          this.#onClose();
          return;
        }
      }
      client.write(
        encodePacket(encodeOk(plainOk(StatusFlag.AUTOCOMMIT), capabilities), sequenceId),
      );
    } catch (error) {
      this.#refuse(error, sequenceId);
    }
  }

  #refuse(error: unknown, sequenceId: number): void {
    const { context } = this.#options;
    const client = this.#client;
    this.#loginError = error;
    if (error instanceof LockstepError) context.counters.error(error.code);
    else context.onFault(error);
    if (!client.destroyed) client.end(encodePacket(encodeErr(errorPacket(error)), sequenceId));
    this.#onClose();
  }

  #onClose(): void {
    if (this.#done) return;
    this.#done = true;
    this.#timer.cancel();
    this.#options.onEnd(this.#session);
    this.#session?.close();
  }
}

/** Session variables that the client's handshake asked for. */
function initialSettings(core: SessionCore, characterSet: number): ReadonlyMap<string, string> {
  const collation = core.anyFacts()?.collations.get(characterSet);
  if (!collation) return new Map();
  return new Map([
    ['character_set_client', `'${collation.charset}'`],
    ['character_set_results', `'${collation.charset}'`],
    ['collation_connection', `'${collation.collation}'`],
  ]);
}

/** A nonce has no zero byte: clients read it as text that ends at one. */
function nonceOf(): Buffer {
  const nonce = randomBytes(nonceBytes);
  for (const [index, byte] of nonce.entries()) if (byte === 0) nonce[index] = 1;
  return nonce;
}

function hostOf(client: Duplex): { clientHost: string } {
  const { remoteAddress } = client as Partial<Socket>;
  return { clientHost: remoteAddress ?? 'localhost' };
}

function serverVersionOf(context: SessionContext): string {
  for (const node of context.nodes.values()) if (node.facts) return node.facts.version;
  return '8.0.0-lockstep';
}
