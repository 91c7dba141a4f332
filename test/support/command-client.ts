import { randomBytes } from 'node:crypto';
import { ClientAuthentication } from '../../src/protocol/auth/client-auth.ts';
import { Capability, combine, has } from '../../src/protocol/capabilities.ts';
import { CommandByte } from '../../src/protocol/commands.ts';
import { encodeHandshakeResponse } from '../../src/protocol/handshake-response.ts';
import { decodeHandshakeV10, type HandshakeV10 } from '../../src/protocol/handshake-v10.ts';
import { RawClient } from './raw-client.ts';

const utf8mb4 = 45;

/** A client that is logged in and sends bare commands, for what no driver sends. */
export class CommandClient implements AsyncDisposable {
  readonly greeting: HandshakeV10;
  /** The OK packet that ended the login. */
  readonly welcome: Buffer;
  readonly raw: RawClient;
  readonly deprecateEof: boolean;

  private constructor(
    raw: RawClient,
    session: { greeting: HandshakeV10; welcome: Buffer; deprecateEof: boolean },
  ) {
    this.raw = raw;
    this.greeting = session.greeting;
    this.welcome = session.welcome;
    this.deprecateEof = session.deprecateEof;
  }

  /** Logs in as `app` or as named, with the name as password, to Lockstep or to a server. */
  static async connect(
    port: number,
    options: {
      readonly user?: string;
      readonly database?: string;
      readonly capabilities: number;
      /** MariaDB's; then the client does not say that it is MySQL's. */
      readonly mariadbCapabilities?: number;
      /** Id of the collation to begin with. */
      readonly characterSet?: number;
    },
  ): Promise<CommandClient> {
    const { database, capabilities, mariadbCapabilities } = options;
    const { user = 'app', characterSet = utf8mb4 } = options;
    const raw = new RawClient({ port });
    const greeting = decodeHandshakeV10(await next(raw));
    const login = new ClientAuthentication({
      user,
      password: user,
      secure: false,
      random: randomBytes,
    });
    const { plugin, authResponse } = login.onGreeting(greeting);
    const response = encodeHandshakeResponse({
      capabilities: combine(
        Capability.PROTOCOL_41,
        Capability.SECURE_CONNECTION,
        Capability.PLUGIN_AUTH,
        mariadbCapabilities === undefined ? Capability.LONG_PASSWORD : 0,
        Capability.MULTI_RESULTS,
        Capability.PS_MULTI_RESULTS,
        capabilities,
      ),
      maxPacketBytes: 1 << 24,
      characterSet,
      user,
      authResponse,
      authPlugin: plugin,
      ...(database !== undefined && { database }),
      ...(mariadbCapabilities !== undefined && { mariadbCapabilities }),
    });
    raw.reply(response);
    const session = { greeting, deprecateEof: has(capabilities, Capability.DEPRECATE_EOF) };
    for (;;) {
      const answer = await next(raw);
      const step = login.onPacket(answer);
      if (step.kind === 'failed') throw new Error(`not logged in: ${step.error.message}`);
      if (step.kind === 'ok') return new CommandClient(raw, { ...session, welcome: answer });
      if (step.kind === 'send') raw.reply(step.payload);
    }
  }

  get connectionId(): number {
    return this.greeting.connectionId;
  }

  /** Resolves when the server has closed the connection. */
  get ended(): Promise<void> {
    return this.raw.ended;
  }

  /** Sends a command; its first packet. */
  async command(command: number, body: Buffer = Buffer.alloc(0)): Promise<Buffer> {
    this.tell(command, body);
    return this.next();
  }

  /** Sends a command that has no answer. */
  tell(command: number, body: Buffer): void {
    this.raw.command(Buffer.concat([Buffer.of(command), body]));
  }

  /** Answers the packet received last. */
  reply(payload: Buffer): void {
    this.raw.reply(payload);
  }

  /** The packets of an answer up to the one for which `last` holds. */
  async packets(
    command: number,
    body: Buffer,
    last: (packet: Buffer) => boolean,
  ): Promise<Buffer[]> {
    const found = [await this.command(command, body)];
    while (!last(found.at(-1) as Buffer)) found.push(await this.next());
    return found;
  }

  /** The packets of one result, with or without rows. */
  query(sql: string | Buffer): Promise<Buffer[]> {
    let first = true;
    let eofsLeft = this.deprecateEof ? 1 : 2;
    return this.packets(CommandByte.QUERY, Buffer.from(sql), (packet) => {
      const alone = first && packet[0] === 0;
      first = false;
      if (packet[0] === 0xfe) eofsLeft--;
      return alone || packet[0] === 0xff || eofsLeft === 0;
    });
  }

  /** The next packet's payload. */
  next(): Promise<Buffer> {
    return next(this.raw);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.raw[Symbol.asyncDispose]();
  }
}

async function next(raw: RawClient): Promise<Buffer> {
  const packet = await raw.packet();
  if (!packet) throw new Error('the connection was closed');
  return packet;
}
