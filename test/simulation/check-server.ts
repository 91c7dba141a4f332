import { lists } from './lists.ts';
import { type Oracle, Violation } from './oracle.ts';
import { markersOf } from './sim-markers.ts';
import type { SimServer } from './sim-server.ts';

/** A server whose position is known to be all it has must equal the log up to there. */
export function checkServer(server: SimServer, oracle: Oracle): void {
  const { position, beyond } = markersOf(server.store);
  for (const [key, list] of server.store.lists()) {
    if (!lists.repeats(list)) continue;
    const tokens = lists.tokensOf(list).join();
    throw new Violation(`${server.name} has applied something twice: ${key} is ${tokens}`);
  }
  const last = Math.max(position, ...beyond);
  if (last > oracle.lastSeq) {
    throw new Violation(`${server.name} has entry ${last}, which is not in the log`);
  }
  if (position < 0 || beyond.length > 0 || isBusyWithDdl(server)) return;
  const expected = oracle.textAt(position);
  const found = server.store.dataText();
  if (found === expected) return;
  throw new Violation(
    `${server.name} at ${position} has\n${readable(found)}\ninstead of\n${readable(expected)}`,
  );
}

/** A leader moves its position behind its commits, or their markers would be more and more. */
export const isFolded = (server: SimServer, seq: number): boolean =>
  markersOf(server.store).position >= seq;

/** Between the statement and its marker the data is ahead of the position. */
const isBusyWithDdl = (server: SimServer): boolean =>
  /"ddlSeq":[1-9]/.test(server.store.get('lockstep.node') ?? '');

/** Data with its lists written out. */
const readable = (text: string | undefined): string | undefined =>
  text?.replaceAll(/(?<=l\d=)\[\d+\]/g, (list) => lists.tokensOf(list).join());
