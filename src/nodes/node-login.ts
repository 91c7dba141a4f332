import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { asError } from '../base/as-error.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { PacketAssembler } from '../protocol/command-scanner.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import {
  ClientHandshake,
  type Greeting,
  type HandshakeOptions,
  type HandshakeStep,
} from './client-handshake.ts';
import { CompressedStream } from './compressed-stream.ts';
import { agreedCodec } from './compression-codec.ts';
import { readIntoSharedBuffer, type SharedReads } from './read-buffer.ts';
import { type NodeTls, type PreparedTls, startTls, tlsFailure } from './node-tls.ts';

export interface NodeConnectionOptions extends Omit<HandshakeOptions, 'tlsMode'> {
  readonly host: string;
  readonly port: number;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  /** Absent: without encryption. */
  readonly tls?: NodeTls | undefined;
}

/** A connection on which commands may be sent, and what its server said of itself. */
export interface LoggedIn {
  readonly stream: Duplex;
  /** Of a stream that is a plain socket. */
  readonly reads: SharedReads | undefined;
  readonly greeting: Greeting;
}

const payloadBytesMax = 1 << 20;

/** Connects and authenticates. Rejects with NodeRefusedError, or an Error for anything else. */
export async function logInToNode(options: NodeConnectionOptions): Promise<LoggedIn> {
  try {
    const tls = await options.tls?.prepare();
    return await new Promise((resolve, reject) => {
      const login = new NodeLogin(options, tls, resolve, reject);
      login.begin();
    });
  } catch (error) {
    options.tls?.forget();
    throw error;
  }
}

/** The connection phase of one connection to a node. */
class NodeLogin {
  readonly #options: NodeConnectionOptions;
  readonly #tls: PreparedTls | undefined;
  readonly #resolve: (done: LoggedIn) => void;
  readonly #reject: (error: Error) => void;
  readonly #handshake: ClientHandshake;
  readonly #timer: Timer;
  #socket: Socket;
  #assembler = new PacketAssembler({ payloadBytesMax });

  constructor(
    options: NodeConnectionOptions,
    tls: PreparedTls | undefined,
    resolve: (done: LoggedIn) => void,
    reject: (error: Error) => void,
  ) {
    this.#options = options;
    this.#tls = tls;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#handshake = new ClientHandshake({ ...options, tlsMode: tls?.mode });
    const { host, port, clock, connectTimeoutMs } = options;
    this.#socket = connect({ host, port, noDelay: true });
    this.#timer = clock.after(connectTimeoutMs, () =>
      this.#fail(new Error(`no answer within ${connectTimeoutMs} ms`)),
    );
  }

  begin(): void {
    this.#listen((error) => this.#fail(error));
  }

  #listen(onError: (error: Error) => void): void {
    this.#socket.on('error', onError);
    this.#socket.on('close', () => this.#fail(new Error('the server closed the connection')));
    this.#socket.on('data', (chunk) => this.#onData(chunk));
  }

  #onData(chunk: Buffer): void {
    try {
      for (const packet of this.#assembler.push(chunk)) {
        this.#take(this.#handshake.onPacket(packet.payload), (packet.sequenceId + 1) & 0xff);
      }
    } catch (cause) {
      // An error of the server's, whatever its code says: another node may still be asked.
      const { message } = asError(cause);
      this.#fail(new Error(`the login to the server cannot be read: ${message}`, { cause }));
    }
  }

  #take(step: HandshakeStep, sequenceId: number): void {
    switch (step.kind) {
      case 'send':
        this.#socket.write(encodePacket(step.payload, sequenceId));
        return;
      case 'secure':
        this.#socket.write(encodePacket(step.payload, sequenceId));
        this.#secure((sequenceId + 1) & 0xff);
        return;
      case 'failed':
        this.#fail(step.error);
        return;
      case 'ok':
        this.#done(this.#handshake.greeting());
        return;
      case 'wait':
    }
  }

  /** What the server sends from here on belongs to TLS. */
  #secure(sequenceId: number): void {
    if (!this.#tls) throw new Error('TLS was asked for without being prepared');
    const plain = this.#socket;
    stopListening(plain);
    plain.on('error', () => {});
    let secure = false;
    this.#assembler = new PacketAssembler({ payloadBytesMax });
    this.#socket = startTls(plain, this.#tls, this.#options.host, () => {
      secure = true;
      this.#take(this.#handshake.onSecure(), sequenceId);
    });
    this.#listen((error) => this.#fail(secure ? error : tlsFailure(error)));
  }

  #done(greeting: Greeting): void {
    this.#timer.cancel();
    stopListening(this.#socket);
    const reads = this.#tls ? undefined : readIntoSharedBuffer(this.#socket);
    const codec = agreedCodec(greeting.capabilities);
    if (codec) {
      const stream = new CompressedStream(this.#socket, 'asking', codec);
      this.#resolve({ stream, reads: undefined, greeting });
    } else this.#resolve({ stream: this.#socket, reads, greeting });
  }

  #fail(error: Error): void {
    this.#timer.cancel();
    stopListening(this.#socket);
    this.#socket.on('error', () => {});
    this.#socket.destroy();
    this.#reject(error);
  }
}

/** Not to all events: TLS has listeners of its own. */
function stopListening(socket: Socket): void {
  for (const event of ['data', 'error', 'close']) socket.removeAllListeners(event);
}
