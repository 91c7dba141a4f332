import type { NodeName } from '../base/brands.ts';
import type { NodeConnection } from './node-connection.ts';

/** Which node is meant now, and how a connection to it is opened. Throws when there is none. */
export type ControlTarget = () => {
  readonly node: NodeName;
  readonly open: () => Promise<NodeConnection>;
};

/** One connection kept open for questions of our own, reopened when it broke or the node changed. */
export class ControlConnection {
  readonly #target: ControlTarget;
  #node: NodeName | undefined;
  #opening: Promise<NodeConnection> | undefined;
  #open: NodeConnection | undefined;

  constructor(target: ControlTarget) {
    this.#target = target;
  }

  async get(): Promise<NodeConnection> {
    const { node, open } = this.#target();
    if (this.#open && !this.#open.lost && this.#node === node) return this.#open;
    if (!this.#opening || this.#node !== node) {
      this.#open?.end();
      this.#node = node;
      const opening = open();
      this.#opening = opening;
      opening.then(
        (connection) => {
          if (this.#opening === opening) {
            this.#open = connection;
            this.#opening = undefined;
          } else connection.end();
        },
        () => {
          if (this.#opening === opening) this.#opening = undefined;
        },
      );
    }
    return this.#opening ?? open();
  }

  close(): void {
    this.#open?.end();
    this.#open = undefined;
  }
}
