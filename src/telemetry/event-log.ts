import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import type { EventSource } from './event-source.ts';
import type { LockstepEvent, StampedEvent } from './events.ts';

export interface EventLogOptions {
  readonly clock: Clock;
  /** How many events are kept; older ones are forgotten. */
  readonly capacity: number;
  /** Told of a subscriber that threw; without it the error becomes an uncaught exception. */
  readonly onFault?: (error: unknown) => void;
}

type Subscriber = (event: StampedEvent) => void;

/** The latest events, numbered, for people who look now and for those who look later. */
export class EventLog implements EventSource {
  /** Whoever comes without an id gets all that is kept. */
  readonly beginId = 0;
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #onFault: (error: unknown) => void;
  readonly #subscribers = new Set<Subscriber>();
  /** A ring: the event with id n lies at (n - 1) % capacity. */
  readonly #ring: StampedEvent[] = [];
  readonly #counts = new Map<string, number>();
  #lastId = 0;

  constructor(options: EventLogOptions) {
    assert(options.capacity >= 1, 'an event log keeps at least one event');
    this.#clock = options.clock;
    this.#capacity = options.capacity;
    this.#onFault = options.onFault ?? throwUncaught;
  }

  /** 0 before the first event. */
  get lastId(): number {
    return this.#lastId;
  }

  /** How many of each kind there were, forgotten ones too. */
  get counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** Keeps the event and hands it to every subscriber, each whatever the others do. */
  publish(event: LockstepEvent): StampedEvent {
    this.#lastId += 1;
    this.#counts.set(event.kind, (this.#counts.get(event.kind) ?? 0) + 1);
    const stamped: StampedEvent = { ...event, id: this.#lastId, at: this.#clock.wallMs() };
    this.#ring[(stamped.id - 1) % this.#capacity] = stamped;
    for (const subscriber of [...this.#subscribers]) {
      try {
        subscriber(stamped);
      } catch (error) {
        this.#onFault(error);
      }
    }
    return stamped;
  }

  /** The events after the one with this id that are still kept, oldest first; 0 asks for all. */
  since(id: number): StampedEvent[] {
    const events: StampedEvent[] = [];
    const first = Math.max(id + 1, this.#lastId - this.#capacity + 1, 1);
    for (let next = first; next <= this.#lastId; next += 1) {
      const event = this.#ring[(next - 1) % this.#capacity];
      assert(event?.id === next, 'the ring holds the latest events without gaps');
      events.push(event);
    }
    return events;
  }

  /** Calls `subscriber` with every later event, until the returned function is called. */
  subscribe(subscriber: Subscriber): () => void {
    // A wrapper of its own for each subscription: one function may subscribe twice.
    const entry: Subscriber = (event) => subscriber(event);
    this.#subscribers.add(entry);
    return () => {
      this.#subscribers.delete(entry);
    };
  }
}

function throwUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
