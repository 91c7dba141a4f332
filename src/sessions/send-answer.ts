import { Capability, has } from '../protocol/capabilities.ts';
import { encodeEof } from '../protocol/eof-packet.ts';
import { encodeOk, plainOk, resultEndHeader } from '../protocol/ok-packet.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import type { Answer } from './answer.ts';
import { encodeResult } from './made-result.ts';
import type { SessionCore } from './session-core.ts';
import { flagsOf, type VisibleStatus } from './status-patch.ts';

/** How an answer is put on the wire. */
export interface Sending {
  /** As agreed with the client. */
  readonly capabilities: number;
  readonly sequenceId: number;
  /** Another statement of the same text follows. */
  readonly moreResults?: boolean;
}

/** Returns the sequence id that follows. */
export function sendAnswer(core: SessionCore, answer: Answer, sending: Sending): number {
  const { capabilities, sequenceId, moreResults = false } = sending;
  const status: VisibleStatus = { ...core.status, moreResults };
  switch (answer.kind) {
    case 'streamed':
      return sequenceId;
    case 'held': {
      const { bytes, nextSequenceId } = answer.reply.render(status, sequenceId, core);
      core.client.write(bytes);
      return nextSequenceId;
    }
    case 'rows': {
      const { bytes, nextSequenceId } = encodeResult(answer.result, {
        capabilities,
        statusFlags: flagsOf(status),
        firstSequenceId: sequenceId,
        changes: core.changes,
        metadata: core.metadata,
      });
      core.client.write(bytes);
      return nextSequenceId;
    }
    case 'ok': {
      const sessionChanges = core.changes?.() ?? [];
      const ok = { ...plainOk(flagsOf(status)), ...answer.ok, sessionChanges };
      core.client.write(encodePacket(encodeOk(ok, capabilities), sequenceId));
      return (sequenceId + 1) & 0xff;
    }
  }
}

/** An EOF, which is an OK packet of that header where the client wants no EOF any more. */
export function sendEof(core: SessionCore, { capabilities, sequenceId }: Sending): void {
  const statusFlags = flagsOf(core.status);
  const payload = has(capabilities, Capability.DEPRECATE_EOF)
    ? encodeOk(plainOk(statusFlags), capabilities, { header: resultEndHeader })
    : encodeEof({ warnings: 0, statusFlags });
  core.client.write(encodePacket(payload, sequenceId));
}
