import type { Seq } from '../base/brands.ts';

/** What a node's markers say when it comes (back). */
export interface JoiningNode {
  readonly clusterId: string;
  readonly position: Seq;
  readonly appliedBeyond: ReadonlySet<Seq>;
  /**
   * It led, and locks may have been given up while later transactions went on: its server has run
   * on since its connections broke, or what it was like then is not known.
   */
  readonly mayHaveLostLocks: boolean;
  /** There is no other node whose order of commits could differ from its own. */
  readonly sole: boolean;
}

export interface LogBounds {
  readonly clusterId: string;
  readonly firstSeq: Seq;
  readonly lastSeq: Seq;
}

/** What stands in the place of a cluster's id while a node is being filled. */
export const unfinishedCopy = 'resyncing';

/** What stands there once a member's data was found unfit: that outlives a restart of Lockstep. */
export const condemned = 'quarantined';

export type JoinDecision =
  /** Never part of a cluster, and the log is empty: it may begin with it. */
  | { readonly kind: 'initialise' }
  | { readonly kind: 'follow' }
  /**
   * `member`: it is one of this cluster, so what only it holds was acknowledged to nobody, and
   * nothing is lost by making it a copy of another.
   */
  | { readonly kind: 'quarantine'; readonly reason: string; readonly member: boolean }
  /** It has entries that the log does not: the log was lost or is another one. */
  | { readonly kind: 'ahead'; readonly reason: string };

/** Decides from markers and log alone whether a node may catch up by replay. */
export function decideJoin(node: JoiningNode | undefined, log: LogBounds): JoinDecision {
  if (!node) {
    if (log.lastSeq === 0) return { kind: 'initialise' };
    return foreign('it is new to the cluster, and its data is not known to be a copy');
  }
  if (node.clusterId === unfinishedCopy) {
    return quarantine('a resync of it was interrupted, so its data is incomplete');
  }
  if (node.clusterId === condemned) {
    return quarantine('it was quarantined before, and its data is as it was then');
  }
  if (node.clusterId !== log.clusterId) {
    return foreign(`it belongs to cluster ${node.clusterId}, not to ${log.clusterId}`);
  }
  const highest = highestEntry(node);
  if (highest > log.lastSeq) {
    return {
      kind: 'ahead',
      reason: `it has entry ${highest}, but the log ends at ${log.lastSeq}`,
    };
  }
  if (node.position + 1 < log.firstSeq) {
    return quarantine(`it needs entry ${node.position + 1}, but the log begins at ${log.firstSeq}`);
  }
  if (node.mayHaveLostLocks && !node.sole && lacksEntries(node)) {
    return quarantine(
      `it led and committed entry ${highest}, but not every entry before it: the order of its ` +
        'commits is not known to agree with the log',
    );
  }
  return { kind: 'follow' };
}

type Applied = Pick<JoiningNode, 'position' | 'appliedBeyond'>;

const highestEntry = ({ position, appliedBeyond }: Applied): Seq =>
  [...appliedBeyond].reduce((high, seq) => (seq > high ? seq : high), position);

/** Whether it has committed an entry, as its leader, but not every entry before that one. */
export function lacksEntries(node: Applied): boolean {
  return highestEntry(node) > node.position + node.appliedBeyond.size;
}

const quarantine = (reason: string): JoinDecision => ({ kind: 'quarantine', reason, member: true });
const foreign = (reason: string): JoinDecision => ({ kind: 'quarantine', reason, member: false });
