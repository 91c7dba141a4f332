import { nativePasswordScramble } from '../../src/protocol/auth/native-password.ts';
import { Capability, combine, has } from '../../src/protocol/capabilities.ts';
import { CommandByte } from '../../src/protocol/commands.ts';
import { encodeHandshakeResponse } from '../../src/protocol/handshake-response.ts';
import { decodeHandshakeV10 } from '../../src/protocol/handshake-v10.ts';
import { RawClient } from './raw-client.ts';

const utf8mb4 = 45;

/** A client that is logged in and sends bare commands, for what no driver sends. */
export class CommandClient implements AsyncDisposable {
  readonly connectionId: number;
  readonly #raw: RawClient;
  readonly deprecateEof: boolean;

  private constructor(raw: RawClient, session: { connectionId: number; deprecateEof: boolean }) {
    this.#raw = raw;
    this.connectionId = session.connectionId;
    this.deprecateEof = session.deprecateEof;
  }

  /** Logs in as `app`, by mysql_native_password. */
  static async connect(
    port: number,
    options: { database: string; capabilities: number },
  ): Promise<CommandClient> {
    const raw = new RawClient({ port });
    const greeting = decodeHandshakeV10(await next(raw));
    const response = encodeHandshakeResponse({
      capabilities: combine(
        Capability.PROTOCOL_41,
        Capability.SECURE_CONNECTION,
        Capability.LONG_PASSWORD,
        Capability.MULTI_RESULTS,
        Capability.PS_MULTI_RESULTS,
        options.capabilities,
      ),
      maxPacketBytes: 1 << 24,
      characterSet: utf8mb4,
      user: 'app',
      authResponse: nativePasswordScramble('app', greeting.authData),
      database: options.database,
      authPlugin: 'mysql_native_password',
    });
    raw.reply(response);
    const answer = await next(raw);
    if (answer[0] !== 0) throw new Error(`not logged in: ${answer.toString()}`);
    return new CommandClient(raw, {
      connectionId: greeting.connectionId,
      deprecateEof: has(options.capabilities, Capability.DEPRECATE_EOF),
    });
  }

  /** Resolves when the server has closed the connection. */
  get ended(): Promise<void> {
    return this.#raw.ended;
  }

  /** Sends a command; its first packet. */
  async command(command: number, body: Buffer = Buffer.alloc(0)): Promise<Buffer> {
    this.#raw.command(Buffer.concat([Buffer.of(command), body]));
    return this.next();
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
  query(sql: string): Promise<Buffer[]> {
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
    return next(this.#raw);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#raw[Symbol.asyncDispose]();
  }
}

async function next(raw: RawClient): Promise<Buffer> {
  const packet = await raw.packet();
  if (!packet) throw new Error('the connection was closed');
  return packet;
}
