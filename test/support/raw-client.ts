import { connect, type Socket } from 'node:net';
import { PacketAssembler } from '../../src/protocol/command-scanner.ts';
import { encodePacket } from '../../src/protocol/packet-writer.ts';

/** A socket to whatever speaks the protocol, for what no client would send. */
export class RawClient implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #assembler = new PacketAssembler({ payloadBytesMax: 1 << 24 });
  readonly #received: Buffer[] = [];
  #sequenceId = 0;
  #wake: () => void = () => {};
  readonly #ended: Promise<void>;
  #over = false;

  constructor(target: { readonly port: number } | { readonly path: string }) {
    this.#socket = connect({ host: '127.0.0.1', ...target });
    this.#socket.on('error', () => {});
    this.#socket.on('data', (chunk) => {
      for (const { payload, sequenceId } of this.#assembler.push(chunk)) {
        this.#received.push(Buffer.from(payload));
        this.#sequenceId = sequenceId;
      }
      this.#wake();
    });
    this.#ended = new Promise((resolve) => {
      this.#socket.on('close', () => {
        this.#over = true;
        this.#wake();
        resolve();
      });
    });
  }

  /** Resolves when the other side has closed the connection. */
  get ended(): Promise<void> {
    return this.#ended;
  }

  /** The next packet's payload; undefined when the connection ended before one came. */
  async packet(): Promise<Buffer | undefined> {
    while (this.#received.length === 0 && !this.#over) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#received.shift();
  }

  /** Of the packet received last. */
  get sequenceId(): number {
    return this.#sequenceId;
  }

  /** Answers the packet received last. */
  reply(payload: Buffer): void {
    this.#socket.write(encodePacket(payload, (this.#sequenceId + 1) & 0xff));
  }

  /** Begins a new exchange. */
  command(payload: Buffer): void {
    this.#sequenceId = -1;
    this.reply(payload);
  }

  bytes(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.#ended;
  }
}
