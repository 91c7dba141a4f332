import { unreachable } from '../base/assert.ts';
import type { HealthCheckResult } from './health-check.ts';

export type HealthState = 'unknown' | 'up' | 'down';

/** What a check changed, for the observers. */
export type HealthChange =
  | { readonly kind: 'none' }
  | { readonly kind: 'up' }
  | { readonly kind: 'down'; readonly reason: string }
  | { readonly kind: 'busy'; readonly reason: string };

const none: HealthChange = { kind: 'none' };
const riseDefault = 2;
const fallDefault = 1;

/**
 * One node's health as its checks show it; decides, and does nothing.
 *
 *     unknown --1 success--> up --failure when suspected, or `fall` failures--> down
 *        \--1 failure--> down --`rise` successes in a row--> up
 *
 * A server that was restarted between two checks goes down too, although nobody saw it missing:
 * it may have come back without what it had not yet flushed.
 */
export class NodeHealth {
  /** Read anew at each use. */
  readonly #settings: { readonly rise?: number; readonly fall?: number };
  #state: HealthState = 'unknown';
  #successes = 0;
  #failures = 0;
  #startedAtS: number | undefined;

  constructor(settings: { readonly rise?: number; readonly fall?: number }) {
    this.#settings = settings;
  }

  get state(): HealthState {
    return this.#state;
  }

  /** Down, but the last check was good: further checks are wanted soon. */
  get comingUp(): boolean {
    return this.#state === 'down' && this.#successes > 0;
  }

  /** `suspected`: traffic had trouble before this check began, so one failure is enough. */
  apply(result: HealthCheckResult, at: { readonly suspected: boolean }): HealthChange {
    switch (result.kind) {
      case 'healthy':
        return this.#succeed(result.startedAtS);
      case 'unreachable':
        return this.#fail(result.reason, at.suspected);
      case 'busy':
        // It answered, so it has not failed; it let nobody in, so it has not recovered.
        this.#failures = 0;
        this.#successes = 0;
        return { kind: 'busy', reason: result.reason };
      default:
        return unreachable(result);
    }
  }

  /** The server of a node that is up is known to have been restarted. */
  restarted(): HealthChange {
    this.#state = 'down';
    this.#successes = 0;
    return { kind: 'down', reason: 'the server was restarted' };
  }

  #succeed(startedAtS: number | undefined): HealthChange {
    const before = this.#startedAtS;
    const restarted = before !== undefined && startedAtS !== undefined && before !== startedAtS;
    this.#startedAtS = startedAtS ?? before;
    this.#failures = 0;
    if (this.#state === 'up' && restarted) {
      const change = this.restarted();
      this.#successes = 1;
      return change;
    }
    if (this.#state === 'up') return none;
    // A server that restarts between checks has not been well for both of them.
    this.#successes = restarted ? 1 : this.#successes + 1;
    const enough = this.#state === 'unknown' ? 1 : (this.#settings.rise ?? riseDefault);
    if (this.#successes < enough) return none;
    this.#state = 'up';
    return { kind: 'up' };
  }

  #fail(reason: string, suspected: boolean): HealthChange {
    this.#successes = 0;
    this.#failures += 1;
    if (this.#state === 'down') return none;
    const enough =
      this.#state === 'unknown' || suspected ? 1 : (this.#settings.fall ?? fallDefault);
    if (this.#failures < enough) return none;
    this.#state = 'down';
    return { kind: 'down', reason };
  }
}
