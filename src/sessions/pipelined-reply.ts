import type { PipelinedRead } from '../nodes/read-pipeline.ts';
import type { Terminal } from '../protocol/response-sink.ts';
import type { WholeResult } from '../protocol/whole-result.ts';
import { warningsOf } from './diagnostics.ts';
import {
  type ChangesOf,
  patchDefinitionsEnd,
  patchStatus,
  patchWhole,
  type VisibleStatus,
} from './status-patch.ts';

/** A longer answer is not one for which others should wait. */
const heldBytesMax = 64 * 1024;

export type PipelinedEnd =
  | { readonly kind: 'complete'; readonly bytes: Buffer; readonly end: Terminal }
  /** `slow`: it is no read for which others should wait. */
  | { readonly kind: 'again'; readonly slow: boolean }
  | { readonly kind: 'lost'; readonly error: Error };

export interface PipelinedReplyOptions {
  readonly status: VisibleStatus;
  /** Asked when the answer ends. */
  readonly changes: ChangesOf | undefined;
  /** It takes long, but goes on. */
  readonly onSlow: () => void;
  /** Called once, unless it is abandoned before. */
  readonly done: (end: PipelinedEnd) => void;
}

/**
 * An answer on a connection that others' answers come on too. The client gets it when it is whole:
 * until then it can be asked elsewhere. So is one that is long, an error, or comes with warnings,
 * which the connection would have to keep until somebody asks for them.
 */
export class PipelinedReply implements PipelinedRead {
  readonly takesWhole = true;
  readonly #options: PipelinedReplyOptions;
  readonly #held: Buffer[] = [];
  #heldBytes = 0;
  #end: Terminal | undefined;
  #over = false;

  constructor(options: PipelinedReplyOptions) {
    this.#options = options;
  }

  /** Its answer is still to come, and nobody waits for it: it must not be used again. */
  get abandoned(): boolean {
    return this.#over;
  }

  /** Nobody waits for it any more. */
  abandon(): void {
    this.#over = true;
    this.#held.length = 0;
  }

  onWhole(whole: WholeResult): void {
    if (this.#over) return;
    if (warningsOf(whole.end) > 0) {
      this.#leave(true);
      return;
    }
    this.#end = whole.end;
    const { status, changes } = this.#options;
    this.#held.push(patchWhole(whole, status, changes));
  }

  onData(bytes: Buffer): void {
    if (this.#over) return;
    this.#held.push(bytes);
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > heldBytesMax) this.#leave(true);
  }

  onDefinitionsEnd(raw: Buffer): void {
    this.onData(patchDefinitionsEnd(raw, this.#options.status));
  }

  onTerminal(terminal: Terminal): void {
    if (this.#over) return;
    const rows = terminal.type === 'eof' || terminal.type === 'result_end_ok';
    if (!rows || !terminal.last || warningsOf(terminal) > 0) {
      this.#leave(true);
      return;
    }
    this.#end = terminal;
    // However long it is: what it tells of changes is told once.
    this.#held.push(patchStatus(terminal, this.#options.status, this.#options.changes));
  }

  onLocalInfile(): void {
    this.#leave(true);
  }

  onEnd(): void {
    const end = this.#end;
    if (this.#over || !end) return;
    const [first] = this.#held;
    const bytes = this.#held.length === 1 && first ? first : Buffer.concat(this.#held);
    this.#held.length = 0;
    this.#heldBytes = 0;
    this.#end = undefined;
    this.#options.done({ kind: 'complete', bytes, end });
  }

  onLost(error: Error): void {
    if (this.#over) return;
    this.abandon();
    this.#options.done({ kind: 'lost', error });
  }

  onHeldUp(): void {
    if (!this.#over) this.#leave(false);
  }

  onSlow(): void {
    if (!this.#over) this.#options.onSlow();
  }

  #leave(slow: boolean): void {
    this.abandon();
    this.#options.done({ kind: 'again', slow });
  }
}
