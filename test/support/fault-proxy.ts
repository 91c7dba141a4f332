import {
  type AddressInfo,
  createConnection,
  createServer,
  type Server,
  type Socket,
} from 'node:net';

/** Which bytes vanish: requests, answers, or both as when the peer is gone without a word. */
export type Swallowed = 'to_server' | 'to_client' | 'both';

/**
 * A TCP relay on 127.0.0.1 that does what networks do: answers come late, connections are
 * closed or reset under way, bytes vanish although both ends believe in the connection.
 */
export class FaultProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #relays = new Set<Relay>();
  #swallowed: Swallowed | undefined;
  /** What the server sends arrives this much later. */
  delayMs = 0;
  /** What arrives at the server instead of what was sent to it; of the same length. */
  garble: (bytes: Buffer) => Buffer = (bytes) => bytes;
  /** What arrives at the client instead of what the server sent, of any length. */
  garbleAnswer: (bytes: Buffer) => Buffer = (bytes) => bytes;
  /** Asked of each request: what that one connection loses from here on, itself included. */
  loses: (request: Buffer) => Swallowed | undefined = () => undefined;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#relay(client));
  }

  static async open(targetPort: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(targetPort);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many connections it relays. */
  get connections(): number {
    return this.#relays.size;
  }

  /** Closes every connection in order, on both sides. New ones are relayed. */
  cut(): void {
    for (const relay of this.#relays) relay.close((socket) => socket.destroy());
  }

  /** Breaks every connection with an RST, on both sides. New ones are relayed. */
  reset(): void {
    for (const relay of this.#relays) relay.close((socket) => socket.resetAndDestroy());
  }

  /**
   * From now on these bytes vanish, an end of the stream included, on connections old and new.
   * A connection that this happened to carries nothing that way any more, even after `heal`.
   */
  swallow(what: Swallowed): void {
    this.#swallowed = what;
    for (const relay of this.#relays) relay.swallow(what);
  }

  /** New connections are relayed as they should be. */
  heal(): void {
    this.#swallowed = undefined;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.cut();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #relay(client: Socket): void {
    const relay = new Relay(client, this.#targetPort, {
      delayMs: () => this.delayMs,
      garble: (bytes) => this.garble(bytes),
      garbleAnswer: (bytes) => this.garbleAnswer(bytes),
      loses: (request) => this.loses(request),
      onClosed: () => this.#relays.delete(relay),
    });
    this.#relays.add(relay);
    if (this.#swallowed) relay.swallow(this.#swallowed);
  }
}

/** One connection through the proxy. */
class Relay {
  readonly #client: Socket;
  readonly #target: Socket;
  readonly #onClosed: () => void;
  readonly #lost = { toServer: false, toClient: false };
  readonly #late: { readonly bytes: Buffer; readonly atMs: number }[] = [];

  constructor(
    client: Socket,
    targetPort: number,
    options: {
      delayMs: () => number;
      garble: (bytes: Buffer) => Buffer;
      garbleAnswer: (bytes: Buffer) => Buffer;
      loses: (request: Buffer) => Swallowed | undefined;
      onClosed: () => void;
    },
  ) {
    this.#client = client;
    this.#onClosed = options.onClosed;
    const target = createConnection({ host: '127.0.0.1', port: targetPort, noDelay: true });
    this.#target = target;
    client.setNoDelay(true);
    for (const socket of [client, target]) socket.on('error', () => socket.destroy());
    client.on('close', () => this.#ended(this.#lost.toServer, target));
    client.on('end', () => this.#ended(this.#lost.toServer, target));
    target.on('close', () => this.#ended(this.#lost.toClient, client));
    client.on('data', (bytes) => {
      const lost = options.loses(bytes);
      if (lost) this.swallow(lost);
      if (!this.#lost.toServer) target.write(options.garble(bytes));
    });
    target.on('data', (bytes) =>
      this.#answer(options.garbleAnswer(bytes), performance.now() + options.delayMs()),
    );
  }

  /** Answers leave in the order in which they came, also when the delay has become shorter. */
  #answer(bytes: Buffer, atMs: number): void {
    if (this.#late.length === 0 && atMs <= performance.now()) {
      if (!this.#lost.toClient) this.#client.write(bytes);
      return;
    }
    this.#late.push({ bytes, atMs });
    if (this.#late.length === 1) this.#sendLate();
  }

  #sendLate(): void {
    const [first] = this.#late;
    if (!first) return;
    setTimeout(() => {
      this.#late.shift();
      if (!this.#lost.toClient) this.#client.write(first.bytes);
      this.#sendLate();
    }, first.atMs - performance.now());
  }

  swallow(what: Swallowed): void {
    if (what !== 'to_client') this.#lost.toServer = true;
    if (what !== 'to_server') this.#lost.toClient = true;
  }

  close(end: (socket: Socket) => void): void {
    end(this.#client);
    end(this.#target);
  }

  /** One side has ended; the other hears of it unless that way is lost. */
  #ended(lost: boolean, other: Socket): void {
    if (!lost) other.destroy();
    if (this.#client.destroyed && this.#target.destroyed) this.#onClosed();
  }
}
