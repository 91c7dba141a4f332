import type { OkPacket } from '../protocol/ok-packet.ts';
import type { HeldReply } from './held-reply.ts';
import type { MadeResult } from './made-result.ts';

/** What a statement answers its client, before it is put on the wire. */
export type Answer =
  /** A node's answer, held back until now. */
  | { readonly kind: 'held'; readonly reply: HeldReply }
  /** Made by Lockstep itself. */
  | { readonly kind: 'ok'; readonly ok?: Partial<OkPacket> }
  | { readonly kind: 'rows'; readonly result: MadeResult }
  /** Already on its way to the client; `failed` when it ends in the server's error. */
  | {
      readonly kind: 'streamed';
      readonly failed: boolean;
      /** Of the error that it ends in. */
      readonly errno: number | undefined;
      /** Returned; of the last result, if it has several. */
      readonly rows: number;
      /** As the node last said. */
      readonly statusFlags: number;
      /** What it told, summed up, where that may be needed to ask for it again. */
      readonly digest: string | undefined;
    };

/** Of the error that it ends in. */
export function errnoOf(answer: Answer): number | undefined {
  if (answer.kind === 'streamed') return answer.failed ? (answer.errno ?? 0) : undefined;
  return answer.kind === 'held' ? answer.reply.error?.errno : undefined;
}

export const okAnswer: Answer = { kind: 'ok' };

/** The client can no longer be told anything sensible: its connection is to be closed. */
export class SessionBroken extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'SessionBroken';
  }
}
