import type { ResponseSink } from '../protocol/response-sink.ts';
import type { WholeResult } from '../protocol/whole-result.ts';

/** What receives the answer to one command on a node connection. */
export interface NodeResponseSink extends ResponseSink {
  /** As `onData`, of bytes that are another's as soon as it returns. Without it they are copied. */
  onLent?(bytes: Buffer): void;
  /** Takes a result set that comes as a whole by `onWhole`, and not piece by piece. */
  readonly takesWhole?: boolean;
  onWhole?(whole: WholeResult): void;
  /** Nothing has come for a while, in the middle of its answer or before it. */
  onSilence?(): void;
  /** The connection broke before the answer was complete; nothing more will come. */
  onLost(error: Error): void;
  /** The whole answer has been handed over. */
  onEnd?(): void;
}
