import { type DestinationStream, type Level, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly level: Level | 'silent';
  /** Where the lines go; standard output unless given. */
  readonly destination?: DestinationStream;
}

/** One JSON object a line, times in ISO 8601, never a password. */
export function createLogger({ level, destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: ['password', '*.password', '*[*].password'], censor: '…' },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
