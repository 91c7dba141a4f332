import type { Clock, Timer } from '../base/clock.ts';
import type { EventSource, NumberedEvent } from '../telemetry/event-source.ts';

/** What a stream writes to: the part of a Writable that it needs. */
export interface EventSink {
  /** False when the reader is slow; `onDrain` is called when it has caught up. */
  write(text: string): boolean;
  end(): void;
  /** As `end`, without waiting for the reader. */
  destroy(): void;
  onDrain(listener: () => void): void;
  onClose(listener: () => void): void;
}

export interface EventStreamOptions {
  readonly events: EventSource;
  readonly clock: Clock;
  /** Names this run of the process, since event ids begin at 1 in each. */
  readonly runId: string;
  readonly lastEventId: string | undefined;
  readonly heartbeatMs: number;
  /** A reader that takes nothing for this long is let go; it may come back and replay. */
  readonly stalledMs: number;
}

/**
 * Server-sent events for one reader. What they come from is the only buffer: the stream remembers
 * how far its reader has come and reads on from there when the reader is ready, so that a slow
 * one costs no memory; what it has forgotten meanwhile shows as an event `gap`.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html
 */
export class EventStream {
  readonly #sink: EventSink;
  readonly #options: EventStreamOptions;
  #sentId: number;
  #blockedSinceMs: number | undefined;
  #closed = false;
  #timer: Timer;
  readonly #unsubscribe: () => void;

  constructor(sink: EventSink, options: EventStreamOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#sentId = startId(options);
    sink.onClose(() => this.#release());
    sink.onDrain(() => {
      this.#blockedSinceMs = undefined;
      this.#pump();
    });
    this.#unsubscribe = options.events.subscribe(() => this.#pump());
    this.#timer = options.clock.after(options.heartbeatMs, () => this.#beat());
    // A comment at once: proxies and clients then know that the stream stands.
    this.#write(': lockstep events\nretry: 1000\n\n');
    this.#pump();
  }

  close(): void {
    if (this.#closed) return;
    this.#release();
    this.#sink.end();
  }

  #pump(): void {
    if (this.#closed || this.#blockedSinceMs !== undefined) return;
    for (const event of this.#options.events.since(this.#sentId)) {
      if (event.id > this.#sentId + 1) this.#write(gap(event.id - this.#sentId - 1));
      this.#sentId = event.id;
      if (!this.#write(frame(event, this.#options.runId))) return;
    }
  }

  #beat(): void {
    if (this.#closed) return;
    const { clock, heartbeatMs, stalledMs } = this.#options;
    if (this.#blockedSinceMs === undefined) {
      this.#write(': heartbeat\n\n');
    } else if (clock.nowMs() - this.#blockedSinceMs >= stalledMs) {
      this.#release();
      this.#sink.destroy();
      return;
    }
    this.#timer = clock.after(heartbeatMs, () => this.#beat());
  }

  #write(text: string): boolean {
    const ready = this.#sink.write(text);
    if (!ready) this.#blockedSinceMs ??= this.#options.clock.nowMs();
    return ready;
  }

  #release(): void {
    this.#closed = true;
    this.#timer.cancel();
    this.#unsubscribe();
  }
}

/** Behind which event to begin: from the reader's last one, if that was of this very run. */
function startId({ lastEventId, runId, events }: EventStreamOptions): number {
  const match = /^(\w+)-(\d{1,15})$/.exec(lastEventId ?? '');
  if (match === null || match[1] !== runId) return events.beginId;
  return Math.min(Number(match[2]), events.lastId);
}

function frame(event: NumberedEvent, runId: string): string {
  return `id: ${runId}-${event.id}\nevent: ${event.kind}\ndata: ${JSON.stringify(event)}\n\n`;
}

function gap(missed: number): string {
  return `event: gap\ndata: ${JSON.stringify({ kind: 'gap', missed })}\n\n`;
}
