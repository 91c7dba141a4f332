import { createConnection, createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';

/** A TCP relay on 127.0.0.1 whose answers can be made late, as those of a slow server are. */
export class DelayProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** What the server sends arrives this much later. */
  delayMs = 0;

  private constructor(targetPort: number) {
    this.#server = createServer((client) => this.#relay(client, targetPort));
  }

  static async open(targetPort: number): Promise<DelayProxy> {
    const proxy = new DelayProxy(targetPort);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', reject);
      proxy.#server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #relay(client: Socket, targetPort: number): void {
    const target = createConnection({ host: '127.0.0.1', port: targetPort, noDelay: true });
    client.setNoDelay(true);
    for (const [one, other] of [
      [client, target],
      [target, client],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    client.on('data', (bytes) => target.write(bytes));
    // Timers of equal length fire in the order in which they were set; a shorter one waits.
    let lastAtMs = 0;
    target.on('data', (bytes) => {
      const now = performance.now();
      lastAtMs = Math.max(lastAtMs, now + this.delayMs);
      if (lastAtMs <= now) client.write(bytes);
      else setTimeout(() => client.write(bytes), lastAtMs - now);
    });
  }
}
