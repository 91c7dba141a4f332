import { DependencyGraph } from './dependency-graph.ts';
import { findCycles } from './find-cycles.ts';
import type { Anomaly, History, Transaction } from './history.ts';
import { checkReads } from './read-checks.ts';
import { checkFreshness, checkSessions } from './session-checks.ts';
import { Versions } from './versions.ts';

export interface Promised {
  /**
   * Of the transactions. InnoDB's REPEATABLE READ lets one that writes read from an old snapshot
   * and overwrite what it has not seen (lost update, write skew: G-single and G2 on one server
   * too), and a locking read sees later moments than the others beside it. So at that level only
   * reads of transactions that are a picture of one moment are held against later writes.
   */
  readonly isolation: 'repeatable_read' | 'serializable';
  /** Of reads outside transactions. */
  readonly consistency: 'session' | 'strong';
}

/** Everything in a history that contradicts what is promised; nothing if all is well. */
export function checkHistory(history: History, promised: Promised): Anomaly[] {
  const versions = new Versions(history);
  const fresh = (reader: Transaction): boolean =>
    promised.consistency === 'strong' || reader.onLeader;
  const overwritten = (reader: Transaction): boolean =>
    promised.isolation === 'serializable' || reader.snapshot;
  // Writes that have nothing to do with each other may become visible on the leader in another
  // order than on the other nodes: each session sees one order, but not all the same.
  const forks = (reader: Transaction): boolean => !reader.onLeader;
  return [
    ...checkReads(history, versions),
    ...checkSessions(history, versions),
    ...checkFreshness(history, versions, fresh),
    ...findCycles(new DependencyGraph(history, versions, { overwritten, forks, fresh })),
  ];
}
