import { readProxyHeader } from '../protocol/proxy-header.ts';

/** Where a client comes from, as its connection says. */
export interface ConnectionOrigin {
  /** Undefined where there is none: at the Unix socket, and inside the process. */
  readonly address: string | undefined;
  /** At the Unix socket or inside the process: nobody listens in. */
  readonly local: boolean;
  /** It may say by the PROXY protocol for whom it speaks. */
  readonly mayBeProxy: boolean;
}

/** Where a client comes from, as its connection or the proxy before it says. */
export class ClientOrigin {
  readonly local: boolean;
  #address: string | undefined;
  /** The first bytes of one that may be a proxy, until they tell; then undefined. */
  #beginning: Buffer | undefined;

  constructor({ address, local, mayBeProxy }: ConnectionOrigin) {
    this.local = local;
    this.#address = address;
    if (mayBeProxy) this.#beginning = Buffer.alloc(0);
  }

  get address(): string | undefined {
    return this.#address;
  }

  /** As accounts name it. */
  get host(): string {
    return this.#address ?? 'localhost';
  }

  /** What the client itself has sent; nothing as long as the proxy may not have ended. */
  ofClient(received: Buffer): Buffer {
    if (!this.#beginning) return received;
    const bytes = Buffer.concat([this.#beginning, received]);
    const header = readProxyHeader(bytes);
    this.#beginning = header.kind === 'partial' ? bytes : undefined;
    if (header.kind === 'none') return bytes;
    if (header.kind === 'partial') return Buffer.alloc(0);
    this.#address = header.address ?? this.#address;
    return bytes.subarray(header.byteLength);
  }
}
