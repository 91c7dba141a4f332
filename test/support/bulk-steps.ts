import { decodeErr } from '../../src/protocol/err-packet.ts';
import type { BulkRow } from '../../src/protocol/testing/bulk-packet.ts';
import { decodeTextRow } from '../../src/protocol/text-row.ts';
import type { BulkClient, BulkTold } from './bulk-client.ts';

/** A text, or a text executed with rows. */
export type Step = string | readonly [sql: string, ...rows: BulkRow[]];

/** What a client is told of each; without `ids` not which it was given. */
export async function toldOf(
  client: BulkClient,
  steps: readonly Step[],
  ids: boolean,
): Promise<unknown[]> {
  const told: unknown[] = [];
  for (const step of steps) {
    const one = await toldBy(client, step);
    told.push([step, !ids && 'affected' in one ? { ...one, insertId: undefined } : one]);
  }
  return told;
}

async function toldBy(client: BulkClient, step: Step): Promise<BulkTold | object> {
  if (typeof step !== 'string') return client.bulk(step[0], step.slice(1) as BulkRow[]);
  const packets = await client.commands.query(step);
  const [first] = packets;
  if (first?.[0] === 0xff) return { errno: decodeErr(first).errno };
  if (first?.[0] === 0) return { ok: true };
  return packets.slice(1 + (first?.[0] ?? 0), -1).map((row) => decodeTextRow(row).map(String));
}
