import type { NodeName } from '../../../base/brands.ts';
import type { Clock, Timer } from '../../../base/clock.ts';
import type { EventLog } from '../../../telemetry/event-log.ts';
import type { StampedEvent } from '../../../telemetry/events.ts';
import type { VerifyReport } from './verify-report.ts';

export interface ReturnedLeadersOptions {
  readonly clock: Clock;
  readonly events: EventLog;
  /** Whether what is found now is to be compared. */
  readonly isWanted: () => boolean;
  /** Compares everything; throws LockstepError('conflict') while another comparison is made. */
  readonly verify: () => Promise<Pick<VerifyReport, 'missed'>>;
}

const retryMs = 60_000;

/**
 * Has the nodes compared when a leader is back that died between commits. It is given entries
 * behind later ones that it has, which is right because those waited for no lock of these. But a
 * server may have ended one session, and so released its locks, just before it died itself.
 */
export class ReturnedLeaders {
  readonly #options: ReturnedLeadersOptions;
  /** They catch up, or are away again. */
  readonly #returning = new Set<NodeName>();
  /** They are in sync, and not yet compared. */
  readonly #due = new Set<NodeName>();
  readonly #unsubscribe: () => void;
  #timer: Timer | undefined;
  #comparing = false;

  constructor(options: ReturnedLeadersOptions) {
    this.#options = options;
    this.#unsubscribe = options.events.subscribe((event) => this.#on(event));
  }

  /** Nobody wants to have them compared any more. */
  forget(): void {
    this.#due.clear();
  }

  close(): void {
    this.#unsubscribe();
    this.#timer?.cancel();
    this.forget();
  }

  #on(event: StampedEvent): void {
    switch (event.kind) {
      case 'replay_started':
        if (event.overtaken) this.#returning.add(event.node);
        break;
      case 'replay_finished':
        if (this.#returning.delete(event.node) && this.#options.isWanted()) {
          this.#due.add(event.node);
        }
        this.#compare();
        break;
      case 'resync_finished':
      case 'node_removed':
        this.#returning.delete(event.node);
        this.#due.delete(event.node);
        break;
      default:
    }
  }

  #compare(): void {
    if (this.#due.size === 0 || this.#comparing) return;
    this.#timer?.cancel();
    this.#comparing = true;
    void this.#compareNow().finally(() => {
      this.#comparing = false;
      if (this.#due.size === 0) return;
      this.#timer = this.#options.clock.after(retryMs, () => this.#compare());
    });
  }

  async #compareNow(): Promise<void> {
    const compared = [...this.#due];
    // Whoever publishes an event goes on first: the node is about to serve.
    await Promise.resolve();
    try {
      const { missed } = await this.#options.verify();
      const absent = new Set(missed.map(({ node }) => node));
      for (const name of compared) {
        // Who went away again meanwhile is compared when it is back.
        if (this.#due.delete(name) && absent.has(name)) this.#returning.add(name);
      }
    } catch {
      // An event tells why; or another one is under way, which may have begun too early.
    }
  }
}
