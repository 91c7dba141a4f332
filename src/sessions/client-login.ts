import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { NodeName } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';
import type { Password } from '../protocol/auth/password.ts';
import { Capability, combine, has } from '../protocol/capabilities.ts';
import { type ChangeUser, decodeChangeUser } from '../protocol/change-user.ts';
import { hasExtendedMetadata } from '../protocol/column-definition.ts';
import {
  type AssembledPacket,
  disorderedPacket,
  isOutOfOrder,
  PacketAssembler,
  packetsOutOfOrder,
} from '../protocol/command-scanner.ts';
import { encodeErr } from '../protocol/err-packet.ts';
import {
  decodeHandshakeResponse,
  type HandshakeResponse,
  isSslRequest,
} from '../protocol/handshake-response.ts';
import { encodeHandshakeV10 } from '../protocol/handshake-v10.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import { StatusFlag } from '../protocol/status-flags.ts';
import { CompressedStream } from '../nodes/compressed-stream.ts';
import { agreedCodec, type CompressionCodec } from '../nodes/compression-codec.ts';
import type { ConnectionKind } from '../nodes/connection-pool.ts';
import { type SocketHandle, socketOf, takeHandle } from '../nodes/socket-handle.ts';
import { NodeQueryError } from '../nodes/query-rows.ts';
import type { ServerFacts } from '../nodes/server-facts.ts';
import type { AcceptedClient } from './accepted-client.ts';
import { type Agreed, agreedWith } from './agreed.ts';
import { type CommonServer, commonServer } from './common-server.ts';
import { ClientOrigin, type ConnectionOrigin } from './client-origin.ts';
import { ClientSession } from './client-session.ts';
import { programOf } from './client-program.ts';
import type { DeniedLogins } from './denied-logins.ts';
import { errorPacket, isExpected } from './error-packet.ts';
import { type Asking, IdentityCheck } from './identity-check.ts';
import { checkCharacterSet } from './initial-settings.ts';
import type { LoginOutcome, UserChange } from './login-exchange.ts';
import { nonceOf } from './nonce.ts';
import { packetLimit } from './packet-limit.ts';
import type { RsaKeys } from './rsa-keys.ts';
import type { SessionContext } from './session-context.ts';
import { type Route, SessionCore } from './session-core.ts';
import type { SessionLender } from './session-lender.ts';
import { SessionLoan } from './session-loan.ts';
import type { SessionRegistry } from './session-registry.ts';

const handshakeBytesMax = 64 * 1024;
const utf8mb4 = 45;

interface LoginOptions {
  readonly context: SessionContext;
  readonly client: Duplex;
  readonly from: ConnectionOrigin;
  readonly connectionId: number;
  readonly sessions: SessionRegistry;
  readonly rsaKeys: RsaKeys | undefined;
  readonly tls: SecureContext | undefined;
  /** Throws when this user may not have one more session, or this one of another user's. */
  readonly admit: (user: string, session?: ClientSession) => void;
  readonly deniedLogins: DeniedLogins;
  readonly onSession: (session: ClientSession) => void;
  readonly onReturned: (client: Duplex) => void;
  readonly onEnd: (session: ClientSession | undefined) => void;
}

/** One client's connection phase, and the plumbing between its stream and its session. */
export class ClientLogin implements AcceptedClient {
  readonly #options: LoginOptions;
  readonly #server: CommonServer;
  /** What the session speaks over: the connection itself, TLS on it, or compression on either. */
  #client: Duplex;
  /** The same without compression. */
  #carrier: Duplex;
  #compressed: CompressedStream | undefined;
  readonly #onChunk = (chunk: Buffer): void => this.#onData(chunk);
  readonly #onGone = (): void => this.#onClose();
  #assembler: PacketAssembler;
  #agreed: Agreed | undefined;
  #session: ClientSession | undefined;
  readonly #origin: ClientOrigin;
  #done = false;
  #loginError: unknown;
  readonly #identity: IdentityCheck;

  constructor(options: LoginOptions) {
    this.#options = options;
    const { client, context, from } = options;
    this.#server = commonServer(factsOf(context));
    this.#client = this.#carrier = client;
    this.#origin = new ClientOrigin(from);
    this.#assembler = new PacketAssembler({ payloadBytesMax: handshakeBytesMax });
    const nonce = nonceOf();
    this.#identity = new IdentityCheck({
      context,
      nonce: nonce.toString('latin1'),
      deniedLogins: options.deniedLogins,
      origin: this.#origin,
      defaultPlugin: this.#defaultPlugin,
      send: (payload, id) => this.#client.write(encodePacket(payload, id)),
      onTimeout: () => this.#client.destroy(),
    });
    this.#listen();
    const { mariadbCapabilities } = this.#server;
    const greeting = encodeHandshakeV10({
      serverVersion: this.#server.version,
      connectionId: options.connectionId,
      authData: nonce,
      capabilities: combine(this.#server.capabilities, options.tls ? Capability.SSL : 0),
      ...(mariadbCapabilities !== undefined && { mariadbCapabilities }),
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

  get runsOn(): NodeName | undefined {
    const core = this.#session?.core;
    const connection = core?.running.connection;
    return connection && core?.nodeOf(connection)?.name;
  }

  get warnings(): number {
    return this.#session?.core.diagnostics.warningCount ?? 0;
  }

  interrupt(): void {
    this.#session?.kill({ queryOnly: true });
  }

  get #defaultPlugin(): 'mysql_native_password' | 'caching_sha2_password' {
    return /mariadb/i.test(this.#server.version)
      ? 'mysql_native_password'
      : 'caching_sha2_password';
  }

  /** Nobody listens in. */
  get #secure(): boolean {
    return this.#encrypted || this.#origin.local;
  }

  get #encrypted(): boolean {
    return this.#carrier instanceof TLSSocket;
  }

  #listen(): void {
    this.#client.on('data', this.#onChunk);
    this.#client.on('error', this.#onGone);
    this.#client.on('close', this.#onGone);
  }

  #onData(received: Buffer): void {
    try {
      const chunk = this.#origin.ofClient(received);
      for (let offset = 0; offset < chunk.length && !this.#done; ) {
        const { packet, consumed } = this.#assembler.pushOne(chunk, offset);
        offset += consumed;
        if (!packet) break;
        if (!this.#agreed && isOutOfOrder(packet, this.#dueId)) throw packetsOutOfOrder();
        if (this.#session) this.#receive(this.#session, packet);
        else if (this.#asksForTls(packet)) return this.#startTls(chunk.subarray(offset));
        else this.#onLoginPacket(packet);
      }
    } catch (error) {
      const disorder = error instanceof LockstepError && error.code === 'packets_out_of_order';
      // A server gives its error the number that was due.
      const lastId = disorder ? this.#dueId - 1 : this.#assembler.lastSequenceId;
      this.#refuse(error, (lastId + 1) & 0xff);
    }
  }

  /** The number of the client's next packet, until it is logged in. */
  get #dueId(): number {
    return this.#identity.dueId ?? (this.#encrypted ? 2 : 1);
  }

  #receive(session: ClientSession, packet: AssembledPacket): void {
    if (this.#identity.waiting) this.#identity.receive(packet);
    else session.receive(packet);
  }

  #asksForTls({ payload }: AssembledPacket): boolean {
    const { tls } = this.#options;
    return tls !== undefined && !this.#agreed && !this.#encrypted && isSslRequest(payload);
  }

  /** The client's next bytes, some of which may have come already, begin a TLS handshake. */
  #startTls(early: Buffer): void {
    const plain = this.#client as Socket;
    plain.removeAllListeners('data');
    plain.pause();
    if (early.length > 0) plain.unshift(early);
    const { tls } = this.#options;
    this.#carrier = new TLSSocket(plain, { isServer: true, ...(tls && { secureContext: tls }) });
    this.#client = this.#carrier;
    this.#assembler = new PacketAssembler({ payloadBytesMax: handshakeBytesMax });
    this.#listen();
  }

  #onLoginPacket(packet: AssembledPacket): void {
    if (this.#identity.underWay) return this.#identity.receive(packet);
    const { context } = this.#options;
    if (context.config.tls.mode === 'required' && !this.#secure) {
      throw new LockstepError('tls_required', 'this server takes only encrypted connections');
    }
    const response = decodeHandshakeResponse(packet.payload);
    if (!has(response.capabilities, Capability.PROTOCOL_41)) {
      throw new LockstepError('unsupported', 'clients before MySQL 4.1 are not supported');
    }
    checkCharacterSet(factsOf(context)[0], response.characterSet);
    this.#agreed = agreedWith(response, this.#server);
    void this.#login(response, (packet.sequenceId + 1) & 0xff);
  }

  async #login(response: HandshakeResponse, sequenceId: number): Promise<void> {
    let okId: number | undefined;
    try {
      const outcome = await this.#identity.run(response, sequenceId, this.#asking);
      okId = outcome.sequenceId;
      if (outcome.kind === 'ok') return await this.#begin(outcome, response);
      this.#client.end(encodePacket(encodeErr(errorPacket(deniedError(outcome))), okId));
      this.#onClose();
    } catch (error) {
      this.#refuse(error, okId ?? (this.#assembler.lastSequenceId + 1) & 0xff);
    }
  }

  /**
   * Without TLS a password is asked for by RSA, which MariaDB's own library may answer with the
   * password in clear (seen with its version 10.11, which Debian builds with GnuTLS).
   */
  get #asking(): Asking {
    const secure = this.#secure;
    const mayBeInClear = this.#agreed?.mayBeInClear === true;
    const { rsaKeys } = this.#options;
    return rsaKeys && (secure || !mayBeInClear) ? { secure, rsaKeys } : { secure };
  }

  /**
   * COM_CHANGE_USER. The nonce is still the greeting's, which MariaDB's library uses whatever it is
   * told.
   */
  async #changeUser(packet: AssembledPacket): Promise<UserChange> {
    let sequenceId = (packet.sequenceId + 1) & 0xff;
    try {
      const change = readChange(packet.payload, this.#capabilities);
      const { database, characterSet = utf8mb4 } = change;
      checkCharacterSet(factsOf(this.#options.context)[0], characterSet);
      // Only then do servers miss it.
      if (has(this.#capabilities, Capability.PLUGIN_AUTH) && change.authPlugin === undefined) {
        throw unreadableChange();
      }
      const asking = { ...this.#asking, asksAgain: true };
      const outcome = await this.#identity.run(change, sequenceId, asking);
      ({ sequenceId } = outcome);
      if (outcome.kind === 'denied') throw deniedError(outcome);
      this.#options.admit(outcome.user, this.#session);
      const account = this.#account(outcome);
      return { kind: 'changed', account, characterSet, database, sequenceId };
    } catch (error) {
      return { kind: 'refused', error, sequenceId };
    }
  }

  get #capabilities(): number {
    return this.#agreed?.capabilities ?? 0;
  }

  #account({ user, password }: { user: string; password: Password }): ConnectionKind {
    return {
      user,
      password,
      accountVersion: this.#options.context.accountChanges.version,
      deprecateEof: has(this.#capabilities, Capability.DEPRECATE_EOF),
      foundRows: has(this.#capabilities, Capability.FOUND_ROWS),
      extendedMetadata: hasExtendedMetadata(this.#capabilities),
    };
  }

  async #begin(
    outcome: Extract<LoginOutcome, { kind: 'ok' }>,
    response: HandshakeResponse,
  ): Promise<void> {
    const { context, admit } = this.#options;
    if (this.#done) return;
    admit(outcome.user);
    const core = new SessionCore({
      id: this.#options.connectionId,
      context,
      sessions: this.#options.sessions,
      client: this.#client,
      host: this.#origin.host,
      program: programOf(response),
      encrypted: this.#encrypted,
      account: this.#account(outcome),
      tracks: has(this.#capabilities, Capability.SESSION_TRACK),
    });
    core.horizon.wrote(context.accountChanges.seq);
    const payloadBytesMax = packetLimit(context);
    this.#assembler = new PacketAssembler({ payloadBytesMax, report: true });
    const session = new ClientSession({
      core,
      wishes: { capabilities: this.#capabilities, characterSet: response.characterSet },
      changeUser: (packet) => this.#changeUser(packet),
      onCommand: () => this.#compressed?.beginAnswer(),
      onClosed: () => this.#onClose(),
    });
    this.#options.onSession(session);
    this.#session = session;
    await session.begin(response.database ?? '', outcome.sequenceId);
    const codec = agreedCodec(this.#capabilities, response.zstdLevel);
    if (this.#done) return;
    if (codec) this.#compress(core, codec);
    else if (context.lender && !this.#encrypted) this.#mayBeLent(context.lender, session);
  }

  #mayBeLent(lender: SessionLender, session: ClientSession, { core } = session): void {
    core.loan = new SessionLoan({
      core,
      lender,
      session,
      takeHandle: () => (this.#assembler.partial ? undefined : takeHandle(this.#client)),
      onReturned: (handle, bytes) => this.#takeBack(core, handle, bytes),
      onGone: () => this.#onClose(),
    });
  }

  #takeBack(core: SessionCore, handle: SocketHandle, bytes: Buffer): void {
    this.#client = this.#carrier = core.client = socketOf(handle);
    this.#options.onReturned(this.#client);
    this.#listen();
    if (bytes.length > 0) this.#onData(bytes);
  }

  /** The OK that ends the login is the last packet of either side that goes without a frame. */
  #compress(core: SessionCore, codec: CompressionCodec): void {
    this.#carrier.off('data', this.#onChunk);
    this.#carrier.off('error', this.#onGone);
    this.#carrier.off('close', this.#onGone);
    this.#compressed = new CompressedStream(this.#carrier, 'answering', codec);
    this.#client = this.#compressed;
    core.client = this.#client;
    const payloadBytesMax = packetLimit(core.context);
    this.#assembler = new PacketAssembler({ payloadBytesMax, report: true, numbered: false });
    this.#listen();
    this.#client.once('disordered', () => this.#session?.receive(disorderedPacket));
  }

  #refuse(error: unknown, sequenceId: number): void {
    const { context } = this.#options;
    if (this.#done) return;
    this.#loginError = error;
    if (error instanceof LockstepError) context.counters.error(error.code);
    else if (!isExpected(error)) context.onFault(error);
    const told = encodePacket(encodeErr(errorPacket(error)), sequenceId);
    if (!this.#client.destroyed) this.#client.end(told);
    this.#onClose();
  }

  #onClose(): void {
    if (this.#done) return;
    this.#done = true;
    this.#options.onEnd(this.#session);
    this.#session?.close();
    this.#identity.abandon();
  }
}

/** Servers take one that they cannot read for no command at all. */
function readChange(payload: Buffer, capabilities: number): ChangeUser {
  try {
    return decodeChangeUser(payload, capabilities);
  } catch (cause) {
    throw unreadableChange(cause);
  }
}

const unreadableChange = (cause?: unknown): LockstepError =>
  new LockstepError('unknown_command', 'this COM_CHANGE_USER cannot be read', { cause });

const deniedError = ({ message }: { readonly message: string }): NodeQueryError =>
  new NodeQueryError(1045, '28000', message);

const factsOf = ({ nodes }: SessionContext): ServerFacts[] =>
  [...nodes.values()].flatMap(({ facts }) => facts ?? []);
