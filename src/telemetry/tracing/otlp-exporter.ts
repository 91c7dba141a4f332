import { randomBytes } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import type { Logger } from '../logger.ts';
import type { OtlpSpan } from './otlp-span.ts';
import { attributesOf } from './otlp-span.ts';
import type { TraceCounts } from './trace.ts';

/** Spans that wait to be sent; beyond it new ones are dropped, and counted. */
const waitingMax = 4096;
const batchMax = 512;
const timeoutMs = 5000;

/** Sends spans by OTLP over HTTP, as JSON. What cannot be sent is dropped, never waited for. */
export class OtlpExporter {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #resource: object;
  readonly #scope: object;
  #waiting: OtlpSpan[] = [];
  #sending: Promise<void> | undefined;
  #exported = 0;
  #dropped = 0;
  #failure: string | undefined;

  constructor(options: {
    readonly clock: Clock;
    readonly logger: Logger;
    readonly version: string;
    readonly endpoint: string;
    readonly headers: string;
  }) {
    const { version, endpoint } = options;
    this.#clock = options.clock;
    this.#logger = options.logger;
    const base = endpoint.replace(/\/+$/, '');
    this.#url = base.endsWith('/v1/traces') ? base : `${base}/v1/traces`;
    this.#headers = { 'content-type': 'application/json', ...parseHeaders(options.headers) };
    this.#scope = { name: 'lockstep', version };
    this.#resource = {
      attributes: attributesOf({
        'service.name': 'lockstep',
        'service.version': version,
        'service.instance.id': randomBytes(8).toString('hex'),
      }),
    };
  }

  get counts(): TraceCounts {
    return { exported: this.#exported, dropped: this.#dropped };
  }

  /** What is added now would be dropped. */
  get full(): boolean {
    return this.#waiting.length >= waitingMax;
  }

  add(span: OtlpSpan): void {
    if (this.full) this.#dropped += 1;
    else this.#waiting.push(span);
  }

  /** One is not even made. */
  drop(): void {
    this.#dropped += 1;
  }

  /** Sends what waits. One request is under way at a time. */
  flush(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined;
    });
    return this.#sending;
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchMax);
      const failure = await this.#send(batch);
      if (failure === undefined) this.#exported += batch.length;
      else this.#dropped += batch.length;
      this.#tell(failure);
      if (failure !== undefined) return;
    }
  }

  /** Resolves with why it failed. */
  async #send(spans: readonly OtlpSpan[]): Promise<string | undefined> {
    const abort = new AbortController();
    const timer = this.#clock.after(timeoutMs, () => abort.abort());
    const scopeSpans = [{ scope: this.#scope, spans }];
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: this.#headers,
        body: JSON.stringify({ resourceSpans: [{ resource: this.#resource, scopeSpans }] }),
        signal: abort.signal,
      });
      await response.arrayBuffer();
      return response.ok ? undefined : `the receiver answered ${response.status}`;
    } catch (error) {
      const { cause } = error as { cause?: unknown };
      return String(cause ?? error);
    } finally {
      timer.cancel();
    }
  }

  /** Once when it begins to fail, and once when it works again. */
  #tell(failure: string | undefined): void {
    if (failure !== undefined && this.#failure === undefined) {
      this.#logger.warn({ url: this.#url, failure }, 'traces cannot be sent and are dropped');
    } else if (failure === undefined && this.#failure !== undefined) {
      this.#logger.info({ url: this.#url, dropped: this.#dropped }, 'traces are sent again');
    }
    this.#failure = failure;
  }
}

/** As the environment variable OTEL_EXPORTER_OTLP_HEADERS has them. */
function parseHeaders(text: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    if (equals > 0) headers[part.slice(0, equals).trim()] = part.slice(equals + 1).trim();
  }
  return headers;
}
