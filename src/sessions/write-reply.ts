import type { NodeResponseSink } from '../nodes/node-response-sink.ts';
import { Capability } from '../protocol/capabilities.ts';
import { decodeErr } from '../protocol/err-packet.ts';
import { decodeOk, type OkPacket } from '../protocol/ok-packet.ts';
import type { Terminal } from '../protocol/response-sink.ts';
import { StatusFlag } from '../protocol/status-flags.ts';
import type { HeldError } from './held-reply.ts';

/** A node's answer to a write that has no rows: one packet, kept until the write is committed. */
export class WriteReply implements NodeResponseSink {
  readonly #done: () => void;
  #end: Terminal | undefined;
  #ok: OkPacket | undefined;
  #error: HeldError | undefined;
  #lost: Error | undefined;

  /** `done` is called once, when nothing more will come. */
  constructor(done: () => void) {
    this.#done = done;
  }

  /** Undefined unless it is whole. */
  get end(): Terminal | undefined {
    return this.#end;
  }

  get ok(): OkPacket | undefined {
    return this.#ok;
  }

  get error(): HeldError | undefined {
    return this.#error;
  }

  /** The connection broke before, or is of no use. */
  get lost(): Error | undefined {
    return this.#lost;
  }

  /** The statement succeeded, and no transaction is open on its connection. */
  get outsideTransaction(): boolean {
    return this.#ok !== undefined && (this.#ok.statusFlags & StatusFlag.IN_TRANS) === 0;
  }

  onData(): void {
    this.onLost(new Error('a node answered a write with rows'));
  }

  onTerminal(terminal: Terminal): void {
    this.#end = terminal;
    if (terminal.type === 'ok') this.#ok = decodeOk(terminal.payload, Capability.PROTOCOL_41);
    else if (terminal.type === 'err') {
      const { errno, message } = decodeErr(terminal.payload);
      this.#error = { errno, message };
    }
  }

  onLocalInfile(): void {
    this.onLost(new Error('a node asked for a local file'));
  }

  onEnd(): void {
    if (!this.#lost) this.#done();
  }

  onLost(error: Error): void {
    if (this.#lost) return;
    this.#lost = error;
    this.#done();
  }
}
