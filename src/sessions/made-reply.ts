import { encodeErr, type ErrPacket } from '../protocol/err-packet.ts';
import { encodeOk, type OkPacket } from '../protocol/ok-packet.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import { HeldReply } from './held-reply.ts';

/** An answer as if a node had given it. */
export function madeReply(
  answer: { readonly ok: OkPacket } | { readonly err: ErrPacket },
): HeldReply {
  const reply = new HeldReply(0);
  const ok = 'ok' in answer ? answer.ok : undefined;
  const payload = 'ok' in answer ? encodeOk(answer.ok, 0) : encodeErr(answer.err);
  reply.onTerminal({
    type: ok ? 'ok' : 'err',
    payload,
    raw: encodePacket(payload, 0),
    sequenceId: 0,
    statusFlags: ok?.statusFlags ?? 0,
    last: true,
    resultIndex: 0,
    rows: 0,
  });
  reply.onEnd();
  return reply;
}
