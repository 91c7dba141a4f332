import { describe, expect, test } from 'vitest';
import { nodeName, seq } from '../base/brands.ts';
import type { Clock } from '../base/clock.ts';
import { MemoryControl } from '../../test/support/memory-control.ts';
import { EventLog } from '../telemetry/event-log.ts';
import { EventStream, type EventSink } from './event-stream.ts';
import { startHttpServer } from './server.ts';

/** Time that moves when the test says so; one timer is enough for a stream. */
class ManualClock implements Clock {
  #nowMs = 0;
  #timers: { atMs: number; run: () => void }[] = [];
  nowMs = () => this.#nowMs;
  wallMs = () => this.#nowMs;

  after(delayMs: number, run: () => void) {
    const timer = { atMs: this.#nowMs + delayMs, run };
    this.#timers.push(timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((one) => one !== timer)) };
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { run } of due) run();
  }

  get pending(): number {
    return this.#timers.length;
  }
}

class MemorySink implements EventSink {
  text = '';
  ended: 'no' | 'ended' | 'destroyed' = 'no';
  ready = true;
  #drain = (): void => {};

  write(text: string): boolean {
    this.text += text;
    return this.ready;
  }
  end(): void {
    this.ended = 'ended';
  }
  destroy(): void {
    this.ended = 'destroyed';
  }
  onDrain(listener: () => void): void {
    this.#drain = listener;
  }
  onClose(): void {}

  drain(): void {
    this.ready = true;
    this.#drain();
  }

  get ids(): string[] {
    return [...this.text.matchAll(/^id: (.+)$/gm)].map(([, id]) => id as string);
  }
}

function open(options: { lastEventId?: string; capacity?: number; published?: number } = {}) {
  const clock = new ManualClock();
  const events = new EventLog({ clock, capacity: options.capacity ?? 10 });
  const publish = (): void => {
    events.publish({ kind: 'log_truncated', before: seq(1) });
  };
  for (let count = options.published ?? 0; count > 0; count -= 1) publish();
  const sink = new MemorySink();
  const stream = new EventStream(sink, {
    events,
    clock,
    runId: 'run',
    lastEventId: options.lastEventId,
    heartbeatMs: 10,
    stalledMs: 30,
  });
  return { clock, events, publish, sink, stream };
}

describe('what a reader gets', () => {
  test('all that is kept, then what happens', () => {
    const { publish, sink } = open({ published: 2 });
    publish();
    expect(sink.ids).toEqual(['run-1', 'run-2', 'run-3']);
    expect(sink.text).toContain('event: log_truncated\ndata: {"kind":"log_truncated"');
  });

  test('only what follows its last event', () => {
    expect(open({ published: 3, lastEventId: 'run-2' }).sink.ids).toEqual(['run-3']);
  });

  test.each(['earlier-2', 'nonsense', '99', 'run-', ''])(
    'everything, when its last event "%s" is not of this run',
    (lastEventId) => {
      expect(open({ published: 2, lastEventId }).sink.ids).toEqual(['run-1', 'run-2']);
    },
  );

  test('an id from the future does not silence the stream', () => {
    const { publish, sink } = open({ published: 1, lastEventId: 'run-50' });
    publish();
    expect(sink.ids).toEqual(['run-2']);
  });

  test('a sign that something is missing', () => {
    const { sink } = open({ published: 15, lastEventId: 'run-2' });
    expect(sink.text).toContain('event: gap\ndata: {"kind":"gap","missed":3}');
    expect(sink.ids[0]).toBe('run-6');
  });

  test('heartbeats', () => {
    const { clock, sink } = open();
    clock.advance(10);
    clock.advance(10);
    expect(sink.text.match(/: heartbeat/g)).toHaveLength(2);
  });
});

describe('a slow reader', () => {
  test('gets nothing more until it is ready, then goes on where it was', () => {
    const { clock, publish, sink } = open();
    sink.ready = false;
    publish();
    const written = sink.text;
    for (let count = 0; count < 5; count += 1) publish();
    clock.advance(10);
    expect(sink.text).toBe(written);
    sink.drain();
    expect(sink.ids).toEqual(['run-1', 'run-2', 'run-3', 'run-4', 'run-5', 'run-6']);
  });

  test('is let go when it does not move', () => {
    const { clock, events, publish, sink } = open();
    sink.ready = false;
    publish();
    for (let count = 0; count < 3; count += 1) clock.advance(10);
    expect(sink.ended).toBe('destroyed');
    expect(clock.pending).toBe(0);
    const written = sink.text;
    events.publish({ kind: 'node_busy', node: nodeName('mysql1'), reason: 'full' });
    expect(sink.text).toBe(written);
  });
});

test('over HTTP: replay, live events, and the end with the server', async () => {
  const control = new MemoryControl();
  control.events.publish({ kind: 'log_warning', message: 'first' });
  const server = await startHttpServer({ control, host: '127.0.0.1', port: 0, eventStreamsMax: 1 });
  const response = await fetch(`${server.url}/events`);
  expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect((await fetch(`${server.url}/events`)).status).toBe(503);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let text = '';
  const readUntil = async (part: string): Promise<void> => {
    while (!text.includes(part)) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`the stream ended before "${part}": ${text}`);
      text += new TextDecoder().decode(value);
    }
  };
  await readUntil('"message":"first"');
  control.events.publish({ kind: 'log_warning', message: 'line\nbreak' });
  await readUntil('"message":"line\\nbreak"');
  await server.close();
  while (!(await reader.read()).done);
});
