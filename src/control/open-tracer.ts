import { version } from '../base/version.ts';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Tracer } from '../telemetry/tracing/trace.ts';

/** Undefined unless there is a receiver; what traces is loaded only then. */
export async function openTracer(options: {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
}): Promise<Tracer | undefined> {
  const { otlpEndpoint, otlpHeaders = '', traceOneIn } = options.config.telemetry;
  if (otlpEndpoint === undefined) return undefined;
  const { OtlpTracer } = await import('../telemetry/tracing/otlp-tracer.ts');
  const { clock, logger } = options;
  const receiver = { endpoint: otlpEndpoint, headers: otlpHeaders, oneIn: traceOneIn };
  return new OtlpTracer({ clock, logger, version, ...receiver });
}
