import type { Clock, Timer } from '../../base/clock.ts';
import type { Logger } from '../logger.ts';
import { OtlpExporter } from './otlp-exporter.ts';
import type { OtlpSpan } from './otlp-span.ts';
import { attributesOf } from './otlp-span.ts';
import { randomHex } from './random-hex.ts';
import { parseTraceParent } from './trace-parent.ts';
import type { Attributes, StatementToTrace, Trace, TraceCounts, Tracer } from './trace.ts';

export interface OtlpTracerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly version: string;
  /** Of the receiver, with or without /v1/traces. */
  readonly endpoint: string;
  /** `name=value,name=value`, sent with each request. */
  readonly headers: string;
  /** Of so many statements one is traced; one whose client has a trace always is. */
  readonly oneIn: number;
}

const sendEveryMs = 1000;
/** As numbered in opentelemetry/proto/trace/v1/trace.proto. */
const spanKind = { internal: 1, server: 2, client: 3 } as const;

/** Makes spans of statements and has them exported, a batch a second. */
export class OtlpTracer implements Tracer {
  readonly #clock: Clock;
  readonly #oneIn: number;
  readonly #exporter: OtlpExporter;
  #timer: Timer;
  #seen = 0;
  /** Milliseconds since 1970 when the monotonic clock was 0; taken anew with each batch. */
  #beganMs: number;

  constructor(options: OtlpTracerOptions) {
    this.#clock = options.clock;
    this.#oneIn = options.oneIn;
    this.#exporter = new OtlpExporter(options);
    this.#beganMs = this.#clock.wallMs() - this.#clock.nowMs();
    this.#timer = this.#schedule();
  }

  get counts(): TraceCounts {
    return this.#exporter.counts;
  }

  #schedule(): Timer {
    return this.#clock.after(sendEveryMs, () => {
      this.#beganMs = this.#clock.wallMs() - this.#clock.nowMs();
      this.#timer = this.#schedule();
      void this.#exporter.flush();
    });
  }

  statement({ name, attributes, traceParent }: StatementToTrace): Trace | undefined {
    const parent = parseTraceParent(traceParent);
    if (parent && !parent.sampled) return undefined;
    if (!parent && this.#seen++ % this.#oneIn !== 0) return undefined;
    if (this.#exporter.full) {
      this.#exporter.drop();
      return undefined;
    }
    const traceId = parent?.traceId ?? randomHex(16);
    return this.#trace(name, attributes(), { traceId, parentSpanId: parent?.spanId });
  }

  #trace(
    name: string,
    attributes: Attributes,
    { traceId, parentSpanId }: { traceId: string; parentSpanId: string | undefined },
  ): Trace {
    const root = this.#start({ traceId, parentSpanId, name, kind: spanKind.server, attributes });
    let over = false;
    return {
      begin: (stepName, stepAttributes) => {
        const remote = stepAttributes['server.address'] !== undefined;
        const step = this.#start({
          traceId,
          parentSpanId: root.spanId,
          name: stepName,
          kind: remote ? spanKind.client : spanKind.internal,
          attributes: stepAttributes,
        });
        return {
          end: (error, more = {}) => {
            if (!over) step.end(error, more);
          },
        };
      },
      end: (outcome, error) => {
        over = true;
        root.end(error, outcome);
      },
    };
  }

  #start(span: {
    traceId: string;
    parentSpanId: string | undefined;
    name: string;
    kind: number;
    attributes: Attributes;
  }) {
    const { traceId, parentSpanId, name, kind, attributes } = span;
    const spanId = randomHex(8);
    const startTimeUnixNano = this.#nanoseconds();
    let ended = false;
    const end = (error: string | undefined, more: Attributes): void => {
      if (ended) return;
      ended = true;
      const done: OtlpSpan = {
        traceId,
        spanId,
        ...(parentSpanId === undefined ? {} : { parentSpanId }),
        name,
        kind,
        startTimeUnixNano,
        endTimeUnixNano: this.#nanoseconds(),
        attributes: attributesOf({ ...attributes, ...more }),
        status: error === undefined ? {} : { code: 2, message: error },
      };
      this.#exporter.add(done);
    };
    return { spanId, end };
  }

  /** Since 1970, as JSON of OTLP has them: in text. */
  #nanoseconds(): string {
    return String(Math.round((this.#beganMs + this.#clock.nowMs()) * 1e6));
  }

  async close(): Promise<void> {
    this.#timer.cancel();
    await this.#exporter.flush();
  }
}
