import { LockstepError } from '../base/errors.ts';
import { NodeRefusedError } from '../nodes/client-handshake.ts';
import type { Leadership } from '../replication/replicator.ts';
import type { SessionCore } from './session-core.ts';

const pauseMs = 20;
/** Access denied, to the server or to a schema; unknown schema. */
const accountErrnos: ReadonlySet<number> = new Set([1044, 1045, 1049]);

/**
 * A statement that could not reach its leader is tried again: on the next leader as soon as
 * there is one, on the same one for as long as a statement may wait for a node.
 */
export class LeaderRetry {
  readonly #core: SessionCore;
  #deadlineMs: number | undefined;

  constructor(core: SessionCore) {
    this.#core = core;
  }

  /**
   * After an attempt that failed with `error`: gives the health check a moment to decide.
   * Throws access_denied when no other attempt can end better, no_node when it took too long.
   */
  async pause(leadership: Leadership, error: unknown): Promise<void> {
    if (error instanceof LockstepError) throw error;
    const { clock, config, replicator } = this.#core.context;
    const message = error instanceof Error ? error.message : String(error);
    const reason = `node ${leadership.name}: ${message}`;
    if (error instanceof NodeRefusedError && accountErrnos.has(error.errno)) {
      throw new LockstepError('access_denied', reason);
    }
    if (!replicator.isCurrent(leadership)) {
      this.#deadlineMs = undefined;
      return;
    }
    this.#deadlineMs ??= clock.nowMs() + config.noNodeTimeoutMs;
    if (clock.nowMs() >= this.#deadlineMs) throw new LockstepError('no_node', reason);
    await replicator.positionChanged(pauseMs);
  }
}
