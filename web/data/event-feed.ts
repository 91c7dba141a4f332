import { SseParser } from './sse-parser.ts';

/** An event as the balancer stamped it. Kinds that this page does not know are shown too. */
export interface FeedEvent {
  /** Unlike `id`, unique also when the balancer has been restarted. */
  readonly key: number;
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly kind: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

export type FeedConnection =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open'; readonly again: boolean }
  | { readonly kind: 'lost'; readonly sinceMs: number; readonly attempts: number };

export interface FeedState {
  readonly connection: FeedConnection;
  /** Oldest first. */
  readonly events: readonly FeedEvent[];
}

const keptMax = 2_000;
const silentMsMax = 40_000;
/** Nobody reads faster. */
const flushMs = 100;
const retryMs = [250, 500, 1_000, 2_000];

/**
 * Follows the balancer's events, also over its restarts: it begins again behind the last one
 * that it has. Listeners are told at once of what comes after a rest, and of a flood together,
 * at most every 100 ms.
 */
export class EventFeed {
  #state: FeedState = { connection: { kind: 'connecting' }, events: [] };
  #waiting: FeedEvent[] = [];
  #taken = 0;
  #isFlushing = false;
  #flushedMs = -flushMs;
  #lastEventId: string | undefined;
  #ended = new AbortController();
  #knock: (() => void) | undefined;
  readonly #listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): FeedState => this.#state;

  async run(): Promise<void> {
    this.#ended = new AbortController();
    const { signal } = this.#ended;
    for (let attempts = 0; !signal.aborted; attempts += 1) {
      const wasOpen = await this.#follow(signal).catch(() => false);
      if (signal.aborted) return;
      if (wasOpen) attempts = 0;
      this.#lose(attempts);
      await this.#pause(retryMs[Math.min(attempts, retryMs.length - 1)] as number);
    }
  }

  end(): void {
    this.#ended.abort();
    this.#knock?.();
  }

  /** Tries again at once, as when the machine is back from its sleep. */
  hurry(): void {
    this.#knock?.();
  }

  /** Reads until the stream ends; whether it was open at all. */
  async #follow(signal: AbortSignal): Promise<boolean> {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), silentMsMax);
    const last = this.#lastEventId;
    try {
      const response = await fetch('/events', {
        headers: last === undefined ? {} : { 'last-event-id': last },
        signal: AbortSignal.any([signal, silence.signal]),
      });
      if (!response.ok || response.body === null) return false;
      this.#connect({ kind: 'open', again: last !== undefined });
      const parser = new SseParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read().catch(() => ({ done: true, value: '' }));
        if (done) return true;
        // The balancer sends a comment every 15 s: a longer silence is a broken connection.
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), silentMsMax);
        for (const message of parser.push(value ?? '')) this.#take(message.id, message.data);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #take(messageId: string | undefined, data: string): void {
    const { id, at, kind, ...facts } = JSON.parse(data);
    if (messageId !== undefined) this.#lastEventId = messageId;
    this.#taken += 1;
    this.#waiting.push({ key: this.#taken, id: id ?? 0, at: at ?? Date.now(), kind, facts });
    this.#flushSoon();
    // A page that is not seen gets no frames.
    if (document.hidden && this.#waiting.length >= 100) this.#flush();
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    const waitMs = Math.max(0, this.#flushedMs + flushMs - performance.now());
    setTimeout(() => requestAnimationFrame(() => this.#flush()), waitMs);
  }

  #flush(): void {
    this.#isFlushing = false;
    this.#flushedMs = performance.now();
    if (this.#waiting.length === 0) return;
    const events = [...this.#state.events, ...this.#waiting].slice(-keptMax);
    this.#waiting = [];
    this.#change({ ...this.#state, events });
  }

  #connect(connection: FeedConnection): void {
    this.#change({ ...this.#state, connection });
  }

  #lose(attempts: number): void {
    const { connection } = this.#state;
    const sinceMs = connection.kind === 'lost' ? connection.sinceMs : Date.now();
    this.#connect({ kind: 'lost', sinceMs, attempts });
  }

  #change(state: FeedState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#knock = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
