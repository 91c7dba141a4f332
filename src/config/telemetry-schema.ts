import { duration, flag, hourMs, integer, path, secret } from './forms.ts';
import { group, optional, withDefault } from './setting.ts';

export const telemetrySchema = group('What is told of statements; more in docs/METRICS.md.', {
  slowQueryMs: withDefault<number>(
    duration(0, hourMs),
    1000,
    'A statement that takes this long is listed as slow (GET /queries/slow) and logged; 0: none.',
  ),
  slowQueryLog: withDefault<boolean>(
    flag,
    true,
    'Write slow statements to the log, one JSON object a line.',
  ),
  slowQueryFile: optional<string>(
    path,
    "Write them to this file instead of Lockstep's own log on standard output.",
  ),
  digests: withDefault<number>(
    integer(1, 100_000),
    1000,
    'Forms of statements that are counted apart (GET /queries), 2 KB each; beyond it the one ' +
      'not used for longest is forgotten.',
  ),
  otlpEndpoint: optional<string>(
    {
      kind: 'text',
      pattern: /^https?:\/\/\S+$/,
      expected: 'an address such as http://127.0.0.1:4318',
    },
    'Receiver of traces (OpenTelemetry, OTLP over HTTP); without it nothing is traced.',
  ),
  otlpHeaders: optional<string>(
    secret,
    'Sent to it with each request: `name=value`, several with commas between.',
  ),
  traceOneIn: withDefault<number>(
    integer(1, 1_000_000),
    1,
    'Of so many statements one is traced; one whose client tells of a trace is if that is sampled.',
  ),
});
