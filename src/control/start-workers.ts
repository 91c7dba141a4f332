import type { MysqlListener } from '../sessions/mysql-listener.ts';
import { countReads } from '../workers/count-reads.ts';
import type { Base, Core } from './assemble-core.ts';
import type { Observation } from './observation.ts';

export interface WorkersStart extends Base, Core {
  readonly listener: MysqlListener;
  readonly observation: Observation;
  /** Path of a worker's program, where it is not beside that of the pool. */
  readonly program: string | undefined;
}

/** Begins the workers, if the configuration asks for any. */
export function startWorkers(start: WorkersStart): void {
  const { lender, listener, observation, program } = start;
  const counted = { ...start, sessions: listener.sessions, statistics: observation.statistics };
  lender?.start({ program, onReport: (report) => countReads(report, counted) });
}
