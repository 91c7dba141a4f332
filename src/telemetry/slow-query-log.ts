import { pino } from 'pino';
import { type Clock, isoTime } from '../base/clock.ts';
import { createLogger, type Logger } from './logger.ts';
import type { SlowQuery } from './slow-query.ts';

/** When everything is slow at once, writing about it must not make it worse. */
const linesPerSecondMax = 100;

/** Slow statements as JSON lines: in a file of their own, or in Lockstep's log. */
export class SlowQueryLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #file: ReturnType<typeof pino.destination> | undefined;
  #secondBeganMs = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #leftOut = 0;

  /** Without `file` they go to `logger`. A file that cannot be opened throws. */
  constructor(options: { clock: Clock; logger: Logger; file: string | undefined }) {
    const { clock, logger, file } = options;
    this.#clock = clock;
    if (file === undefined) this.#logger = logger;
    else {
      this.#file = pino.destination({ dest: file, append: true, mkdir: true, sync: false });
      this.#file.on('error', (error) => logger.error({ err: error }, 'the slow-query log failed'));
      this.#logger = createLogger({ level: 'info', destination: this.#file });
    }
  }

  write({ atMs, ...query }: SlowQuery): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#secondBeganMs >= 1000) {
      if (this.#leftOut > 0) this.#logger.warn({ leftOut: this.#leftOut }, 'slow queries left out');
      this.#secondBeganMs = nowMs;
      this.#lines = 0;
      this.#leftOut = 0;
    }
    this.#lines += 1;
    if (this.#lines > linesPerSecondMax) this.#leftOut += 1;
    else this.#logger.warn({ at: isoTime(atMs), ...query }, 'slow query');
  }

  /** Resolves when all of it is in the file. */
  async close(): Promise<void> {
    const file = this.#file;
    if (!file) return;
    await new Promise<void>((resolve) => {
      file.once('close', resolve);
      file.once('error', () => resolve());
      file.end();
    });
  }
}
