import { type NodeName, nextSeq, noSeq, type Seq, seq } from '../../base/brands.ts';
import type { Clock } from '../../base/clock.ts';
import type { Config } from '../../config/config.ts';
import { formatDuration, formatSize } from '../../config/units.ts';
import type { EmbeddedLog } from '../../log/embedded-log.ts';
import type { NodeState } from '../../nodes/node-state.ts';
import type { EventLog } from '../../telemetry/event-log.ts';
import type { Replicator } from '../replicator.ts';
import type { Sequencer } from '../sequencer.ts';
import { LogRetention } from './log-retention.ts';

export type LogLimits = Pick<
  Config['log'],
  'folder' | 'retentionBytes' | 'retentionAgeMs' | 'keepBytes' | 'freeBytesMin'
>;

export interface LogKeeperOptions {
  readonly clock: Clock;
  readonly events: EventLog;
  readonly log: EmbeddedLog;
  readonly sequencer: Sequencer;
  readonly limits: LogLimits;
}

/** A node that may have a claim to the log. */
export interface Claimant {
  readonly name: NodeName;
  readonly state: NodeState;
  /** Its position while it takes part. */
  readonly applied: Seq | undefined;
  /** Its last known position; undefined if it was never seen. */
  readonly last: Seq | undefined;
  readonly inSync: boolean;
}

export function claimantsOf(
  nodes: Iterable<{ readonly name: NodeName; readonly state: NodeState }>,
  replicator: Pick<Replicator, 'position' | 'inSync'>,
  lastPositions: ReadonlyMap<NodeName, Seq>,
): Claimant[] {
  return [...nodes].map(({ name, state }) => ({
    name,
    state,
    applied: replicator.position(name),
    last: lastPositions.get(name),
    inSync: replicator.inSync(name),
  }));
}

/** Nobody knows when it comes back. */
const isAway = ({ state }: Claimant): boolean => state === 'DOWN' || state === 'DISABLED';
/** Only a copy of another node can make it good, so the log is of no use to it. */
const isUnfit = ({ state }: Claimant): boolean => state === 'QUARANTINED';

/** How far a limit lets the log be cut, and which limit it is. */
interface Overdue {
  readonly before: Seq;
  readonly limit: string;
}

/**
 * Cuts the log: behind what every node surely has, and, once it is over its limits, also past
 * nodes that are away. Their place is given up: they will need a resync. What a node that takes
 * part may still need is kept in any case, and with no node in sync nothing is given up: the log
 * may be all there is.
 */
export class LogKeeper {
  readonly retention: LogRetention;
  readonly #options: LogKeeperOptions;
  /** When the last entry of the oldest closed segment was appended. */
  #oldest: { readonly seq: Seq; readonly atMs: number } | undefined;
  #spaceIsLow = false;

  constructor(options: LogKeeperOptions) {
    this.#options = options;
    this.retention = new LogRetention(options.clock);
  }

  /** To be called every now and then. */
  async keep(claimants: readonly Claimant[]): Promise<void> {
    const { log, events } = this.#options;
    for (const { name, applied } of claimants) {
      if (applied !== undefined) this.retention.sample(name, applied);
    }
    await this.#watchSpace();
    const first = log.firstSeq;
    const overdue = await this.#overdue(claimants);
    const before = seq(Math.max(this.#unneeded(claimants), overdue.before));
    if (before <= first) return;
    await log.truncateBefore(before);
    if (log.firstSeq === first) return;
    events.publish({ kind: 'log_truncated', before: log.firstSeq });
    for (const claimant of claimants) {
      if (isAway(claimant)) this.#tellGivenUp(claimant, first, overdue.limit);
    }
  }

  #tellGivenUp({ name, last }: Claimant, begunBefore: Seq, limit: string): void {
    const { log, events } = this.#options;
    if (last === undefined) return;
    const from = nextSeq(last);
    if (from < begunBefore || from >= log.firstSeq) return;
    const pending = log.lastSeq - last;
    const at = { node: name, from, pending, logBegins: log.firstSeq, limit };
    events.publish({ kind: 'place_given_up', ...at });
  }

  /** Every node that the log is of use to surely has what is before it. */
  #unneeded(claimants: readonly Claimant[]): Seq {
    const { log, limits } = this.#options;
    const needing = claimants.filter((claimant) => !isUnfit(claimant));
    const surelyHad = this.retention.cutBefore(needing.map(({ name }) => name));
    let keptFrom = log.firstSeq;
    let bytes = log.sizeBytes;
    for (const segment of log.closedSegments) {
      bytes -= log.bytesOf(segment);
      if (bytes < limits.keepBytes) break;
      keptFrom = nextSeq(segment.lastSeq);
    }
    return seq(Math.min(surelyHad, keptFrom));
  }

  /** Where the log would begin if it kept to its limits. */
  async #overdue(claimants: readonly Claimant[]): Promise<Overdue> {
    const { log, limits, clock } = this.#options;
    const none = { before: noSeq, limit: '' };
    if (!claimants.some(({ inSync }) => inSync)) return none;
    const needing = claimants.filter((one) => !isAway(one) && !isUnfit(one));
    const safe = this.retention.cutBefore(needing.map(({ name }) => name));
    const oldestMs = clock.wallMs() - limits.retentionAgeMs;
    let found: Overdue = none;
    let bytes = log.sizeBytes;
    for (const segment of log.closedSegments) {
      if (segment.lastSeq >= safe) break;
      const before = nextSeq(segment.lastSeq);
      if (bytes > limits.retentionBytes) {
        found = { before, limit: `log.retention_bytes: ${formatSize(limits.retentionBytes)}` };
      } else if ((await this.#appendedAtMs(segment.lastSeq)) < oldestMs) {
        found = { before, limit: `log.retention_age: ${formatDuration(limits.retentionAgeMs)}` };
      } else break;
      bytes -= log.bytesOf(segment);
    }
    return found;
  }

  async #appendedAtMs(last: Seq): Promise<number> {
    if (this.#oldest?.seq === last) return this.#oldest.atMs;
    const [entry] = await this.#options.sequencer.read(last, { entriesMax: 1, bytesMax: 1 });
    this.#oldest = { seq: last, atMs: entry?.atMs ?? Infinity };
    return this.#oldest.atMs;
  }

  /** A full disk stops all writes, so it is told of before. */
  async #watchSpace(): Promise<void> {
    const { log, limits, events } = this.#options;
    const freeBytes = await log.freeBytes();
    const isLow = freeBytes !== undefined && freeBytes < limits.freeBytesMin;
    if (freeBytes === undefined || isLow === this.#spaceIsLow) return;
    this.#spaceIsLow = isLow;
    const { folder, freeBytesMin } = limits;
    events.publish({
      kind: isLow ? 'log_space_low' : 'log_space_ok',
      folder,
      freeBytes,
      freeBytesMin,
    });
  }
}
