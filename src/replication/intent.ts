import type { NodeName } from '../base/brands.ts';
import { nodeName } from '../base/brands.ts';
import type { Entry } from './entry.ts';
import { decodeEntry, encodeEntry } from './entry-codec.ts';

/** A DDL statement that was about to run on the leader when this was logged. */
export interface Intent {
  readonly leader: NodeName;
  /** Fingerprint of what the statement names, before it ran. */
  readonly fingerprint: string;
  /** The entry it becomes if it turns out to have taken effect. */
  readonly entry: Entry;
}

/** u32 length of a JSON head, the head, the entry. */
export function encodeIntent(intent: Intent): Buffer {
  const head = Buffer.from(
    JSON.stringify({ leader: intent.leader, fingerprint: intent.fingerprint }),
  );
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length);
  return Buffer.concat([length, head, encodeEntry(intent.entry)]);
}

export function decodeIntent(payload: Buffer): Intent {
  const headEnd = 4 + payload.readUInt32LE(0);
  const head = JSON.parse(payload.toString('utf8', 4, headEnd)) as {
    leader: string;
    fingerprint: string;
  };
  return {
    leader: nodeName(head.leader),
    fingerprint: head.fingerprint,
    entry: decodeEntry(payload.subarray(headEnd)),
  };
}
