import type { Config } from '../config/config.ts';
import type { PoolLimits } from '../nodes/connection-pool.ts';
import type { WorkerSettings } from './messages.ts';

/** Reads share them, so that a few are enough. */
const connectionsMax = 16;
const waitMsMax = 100;
/** So many connections to a node are shared by reads of one account and state, of all workers. */
const sharedMax = 4;

/** How many connections to each node a worker may have, of `limits.connections_per_node`. */
function connectionsOfWorker({ workers, limits }: Config): number {
  return Math.min(connectionsMax, Math.max(1, Math.floor(limits.connectionsPerNode / 4 / workers)));
}

/** A plain value: it is sent to another process. */
export function settingsOf(config: Config): WorkerSettings {
  const { limits, health, workers, telemetry } = config;
  const { sessions, pipelinedReads } = limits;
  return {
    limits: {
      connectionsPerNode: connectionsOfWorker(config),
      connectionWaitMs: waitMsMax,
      sessions,
      pipelinedReads,
    },
    health: { connectTimeoutMs: health.connectTimeoutMs },
    statementCache: limits.statementCache,
    sharedConnections: Math.max(1, Math.floor(sharedMax / workers)),
    slowQueryMs: telemetry.slowQueryMs,
  };
}

/** What is left to the main process; read anew at each use. */
export function mainLimits(config: Config): PoolLimits {
  if (config.workers === 1) return config.limits;
  const { limits } = config;
  return {
    get connectionsPerNode() {
      const ofWorkers = config.workers * connectionsOfWorker(config);
      return Math.max(1, limits.connectionsPerNode - ofWorkers);
    },
    get connectionWaitMs() {
      return limits.connectionWaitMs;
    },
    get sessions() {
      return limits.sessions;
    },
    get pipelinedReads() {
      return limits.pipelinedReads;
    },
  };
}
