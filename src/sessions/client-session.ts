import { drained } from '../nodes/drained.ts';
import {
  type AssembledPacket,
  isOutOfOrder,
  packetsOutOfOrder,
} from '../protocol/command-scanner.ts';
import { CommandByte } from '../protocol/commands.ts';
import { ClientCommands, type CommandsOptions } from './client-commands.ts';
import { idleTimeoutMs, tellIdle } from './idle-limit.ts';
import type { SessionCore } from './session-core.ts';
import type { Killing, SessionHandle } from './session-registry.ts';

/** Bytes of commands that wait behind the one under way. */
const queuedBytesMax = 1024 * 1024;

/** One client after it has logged in: takes its commands one at a time, in order. */
export class ClientSession implements SessionHandle {
  readonly core: SessionCore;
  readonly #commands: ClientCommands;
  readonly #queue: AssembledPacket[] = [];
  readonly #onClosed: () => void;
  #queuedBytes = 0;
  #busy = false;
  #closed = false;
  #killed = false;
  #sinceMs: number;
  readonly #onEnd = (): void => {
    this.#ended();
    this.#work();
  };

  constructor({ onClosed, ...options }: Omit<CommandsOptions, 'end'> & { onClosed: () => void }) {
    this.core = options.core;
    this.#commands = new ClientCommands({ ...options, end: () => this.close() });
    this.#onClosed = onClosed;
    this.#sinceMs = this.core.context.clock.nowMs();
  }

  get running(): string | undefined {
    return this.#commands.running;
  }

  get sinceMs(): number {
    return Math.max(this.#sinceMs, this.core.loan?.loan?.sinceMs ?? 0);
  }

  /** Tells the client that it is logged in, in the schema it asked for if it did. */
  begin(schema: string, sequenceId: number): Promise<void> {
    return this.#commands.begin(schema, sequenceId);
  }

  /** Nothing is under way, and nothing waits. */
  get atRest(): boolean {
    const { clientFile } = this.core;
    return !this.#busy && !this.#closed && !this.#killed && this.#queue.length === 0 && !clientFile;
  }

  /** Its commands may carry query attributes. */
  get attributed(): boolean {
    return this.#commands.attributed;
  }

  /** A worker has served it so far. */
  returned(idleMs: number): void {
    this.#sinceMs = this.core.context.clock.nowMs() - idleMs;
  }

  receive(packet: AssembledPacket): void {
    if (this.#closed) return;
    if (this.core.clientFile?.open) return this.core.clientFile.receive(packet);
    this.#queue.push(packet);
    this.#queuedBytes += packet.payload.length;
    // A client that sends more than it is answered is not read for a while.
    if (this.#busy && this.#queuedBytes > queuedBytesMax) this.core.client.pause();
    this.#work();
  }

  /** Like a server's, one that is at something hears no more of that, unless it ends itself. */
  kill({ queryOnly = false, byItself = false }: Killing): void {
    // What it is at there takes no time; what does comes back.
    if (queryOnly && this.core.loan?.loan) return this.core.loan.loan.recall();
    if (queryOnly) return this.core.running.interrupt();
    // What is interrupted may end at once: by then it is known that nothing comes after it.
    this.#killed = true;
    if (this.#busy && !byItself) this.core.client.destroy();
    this.core.running.interrupt();
    if (!byItself) this.close();
  }

  /**
   * The client is gone, or is to go: what runs for it is ended, and what it had open is rolled
   * back at once. Who said goodbye behind a statement still wants that to run.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.core.loan?.end();
    const busy = this.#busy;
    if (!this.#queue.some(({ payload }) => payload[0] === CommandByte.QUIT)) {
      this.core.running.abandon();
    }
    this.#queue.length = 0;
    this.core.clientFile?.abort();
    this.core.client.end();
    // What was under way does so when it ends, which may have been just now.
    if (!busy) void this.#release();
    this.#onClosed();
  }

  /** Ends the session when its client has been silent for longer than it may. */
  closeIfIdle(nowMs: number): void {
    if (this.#busy || this.#closed || this.core.loan?.loan) return;
    if (nowMs - this.#sinceMs < idleTimeoutMs(this.core, this.#commands.interactive)) return;
    tellIdle(this.core);
    this.close();
  }

  /** Begins the next command, if none is under way. */
  #work(): void {
    while (!this.#busy && !this.#closed) {
      const packet = this.#queue.shift();
      if (!packet) return;
      this.#busy = true;
      this.#queuedBytes -= packet.payload.length;
      if (this.#queuedBytes <= queuedBytesMax && this.core.client.isPaused()) {
        this.core.client.resume();
      }
      const { client } = this.core;
      // Answers that nobody reads would pile up.
      if (client.writableNeedDrain) void drained(client).then(() => this.#runAndWork(packet));
      else this.#run(packet);
    }
  }

  #runAndWork(packet: AssembledPacket): void {
    this.#run(packet);
    this.#work();
  }

  #run(packet: AssembledPacket): void {
    if (this.#closed) return this.#ended();
    this.core.sessions.commands++;
    this.core.running.begin();
    this.#sinceMs = this.core.context.clock.nowMs();
    if (isOutOfOrder(packet, 0) || packet.disordered) {
      this.#endDisordered(packet);
      return this.#ended();
    }
    const begun = this.#commands.quick.begin(packet, this.#onEnd);
    if (begun !== 'begun') this.core.loan?.interrupted();
    if (begun === 'answered') this.#ended();
    else if (begun === 'not_quick') void this.#commands.run(packet).then(this.#onEnd);
  }

  /** The command under way is answered. */
  #ended(): void {
    this.#busy = false;
    this.#sinceMs = this.core.context.clock.nowMs();
    if (this.#closed) void this.#release();
    else if (this.#killed) this.close();
    else this.core.loan?.rests();
  }

  /** A server's last word has the number that was due. */
  #endDisordered({ disordered, sequenceId }: AssembledPacket): void {
    this.#commands.fault(packetsOutOfOrder(), disordered ? (sequenceId + 1) & 0xff : 0);
    this.close();
  }

  async #release(): Promise<void> {
    this.#commands.clear();
    try {
      await this.core.letGo();
    } catch {
      // The connection went with what it held; there is nobody left to tell.
    }
  }
}
