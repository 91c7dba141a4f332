import { randomBytes } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import type { Clock } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import type { EventSource } from '../telemetry/event-source.ts';
import { EventStream, type EventSink } from './event-stream.ts';

const stalledMs = 60_000;

export interface EventStreamsOptions {
  readonly clock: Clock;
  readonly heartbeatMs: number;
  /** Most streams open at a time. */
  readonly streamsMax: number;
}

/** The event streams that are open, so that they stay few and end with the server. */
export class EventStreams {
  readonly #options: EventStreamsOptions;
  readonly #runId = randomBytes(4).toString('hex');
  readonly #open = new Set<EventStream>();

  constructor(options: EventStreamsOptions) {
    this.#options = options;
  }

  /**
   * Takes the reply over, until the reader goes or `until` is aborted. Throws
   * LockstepError('queue_full') when too many are open.
   */
  open(
    events: EventSource,
    reply: FastifyReply,
    { lastEventId, until }: { lastEventId: string | undefined; until: AbortSignal | undefined },
  ): void {
    const { clock, heartbeatMs, streamsMax } = this.#options;
    if (this.#open.size >= streamsMax) {
      throw new LockstepError('queue_full', `${this.#open.size} event streams are open already`);
    }
    const { raw } = reply;
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) raw.setHeader(name, value);
    }
    reply.hijack();
    raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
    const sink: EventSink = {
      write: (text) => raw.write(text),
      end: () => raw.end(),
      destroy: () => raw.destroy(),
      onDrain: (listener) => raw.on('drain', listener),
      onClose: (listener) => raw.on('close', listener),
    };
    const runId = this.#runId;
    const stream = new EventStream(sink, {
      events,
      clock,
      runId,
      lastEventId,
      heartbeatMs,
      stalledMs,
    });
    this.#open.add(stream);
    const end = (): void => stream.close();
    until?.addEventListener('abort', end);
    raw.on('close', () => {
      this.#open.delete(stream);
      until?.removeEventListener('abort', end);
    });
    raw.on('error', end);
  }

  close(): void {
    for (const stream of this.#open) stream.close();
  }
}
