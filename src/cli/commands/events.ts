import type { Command } from 'commander';
import { isoTime } from '../../base/clock.ts';
import type { StampedEvent } from '../../telemetry/events.ts';
import { openApi } from '../call-api.ts';
import { integerBetween } from '../parse-number.ts';
import { paintFor, type Tone } from '../style.ts';
import { fitText, printable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

interface EventFlags {
  readonly follow: boolean;
  readonly limit: number;
  readonly json: boolean;
}

/** So long nothing has come: all that is kept has been sent. */
const quietMs = 400;

export function addEvents(program: Command, terminal: Terminal, url: () => string): void {
  program
    .command('events')
    .description('what happened since the start: failovers, recoveries, changes of settings')
    .option('--follow', 'go on with what comes, until ctrl-C', false)
    .option('--limit <count>', 'at most so many of the latest', integerBetween(1, 10_000), 50)
    .option('--json', 'one JSON object a line', false)
    .action((flags: EventFlags) => events(url(), flags, terminal));
}

async function events(url: string, flags: EventFlags, terminal: Terminal): Promise<void> {
  const stop = new AbortController();
  const ended = terminal.ended?.() ?? new Promise<void>(() => {});
  void ended.then(() => stop.abort());
  // Those that are kept are sent first, all of them.
  const { body } = await openApi(url, { method: 'GET', path: '/events' }, stop.signal);
  const say = (event: StampedEvent): void =>
    terminal.say(flags.json ? JSON.stringify(event) : eventText(event, terminal));
  const kept: StampedEvent[] = [];
  let isPast = true;
  const showKept = (): void => {
    if (!isPast) return;
    isPast = false;
    for (const event of kept.splice(0).slice(-flags.limit)) say(event);
    if (!flags.follow) stop.abort();
  };
  let quiet = setTimeout(showKept, quietMs);
  const onEvent = (event: StampedEvent): void => {
    if (!isPast) return say(event);
    kept.push(event);
    clearTimeout(quiet);
    quiet = setTimeout(showKept, quietMs);
  };
  try {
    for await (const event of eventsIn(body as unknown as AsyncIterable<Uint8Array>)) {
      onEvent(event);
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    clearTimeout(quiet);
  }
}

/** https://html.spec.whatwg.org/multipage/server-sent-events.html, of it what Lockstep sends. */
async function* eventsIn(body: AsyncIterable<Uint8Array>): AsyncGenerator<StampedEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const frames = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
    rest = frames.pop() ?? '';
    for (const frame of frames) {
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      // A gap, which has no time, only tells of events that are not kept any more.
      if (data !== undefined && !frame.startsWith('event: gap')) {
        yield JSON.parse(data) as StampedEvent;
      }
    }
  }
}

function eventText(event: StampedEvent, terminal: Terminal): string {
  const { id: _id, at, kind, ...details } = event;
  const paint = paintFor(terminal);
  const shown = Object.entries(details)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const time = isoTime(at);
  const text = printable(`${kind} ${shown.join(', ')}`);
  const fitted = fitText(text, terminal.width - time.length - 1);
  return `${paint('quiet', time)} ${paint(toneOf(kind), fitted)}`;
}

const bad = /_failed$|_refused$|divergence|log_unavailable|verify_difference|place_given_up/;
const warning = /_warning$|_lost$|_low$|busy|refused/;

function toneOf(kind: string): Tone {
  if (bad.test(kind)) return 'bad';
  return warning.test(kind) ? 'warning' : 'strong';
}
