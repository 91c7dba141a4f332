/** One execution that took longer than `telemetry.slow_query`. */
export interface SlowQuery {
  /** When it ended, in milliseconds since 1970. */
  readonly atMs: number;
  /** Cut; without a password, if it gave one. */
  readonly sql: string;
  readonly digest: string;
  readonly schema: string;
  readonly user: string;
  readonly host: string;
  readonly node?: string;
  readonly durationMs: number;
  readonly rows: number;
  /** Of the error that it ended with. */
  readonly errno?: number;
}
