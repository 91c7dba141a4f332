import type { RowSink, RowsOutcome } from '../http/balancer-control.ts';

export type Row = RowsOutcome['rows'][number];

interface RowTakerOptions {
  readonly limit: number;
  /** Without it the rows are kept. */
  readonly sink: RowSink | undefined;
}

const batchRows = 500;
const batchBytes = 256 * 1024;
/** Of rows that are kept until all are there. */
const keptBytesMax = 64 * 1024 * 1024;

/** Takes the rows of an answer up to a limit, and keeps them or hands them on in batches. */
export class RowTaker {
  readonly #options: RowTakerOptions;
  #kept: Row[] = [];
  #bytes = 0;
  count = 0;
  /** There were more. */
  truncated = false;

  constructor(options: RowTakerOptions) {
    this.#options = options;
  }

  /** Undefined unless it takes time: no more rows may come before it resolves. */
  take(row: readonly unknown[]): Promise<void> | undefined {
    const { limit, sink } = this.#options;
    if (this.count >= limit || (!sink && this.#bytes > keptBytesMax)) {
      this.truncated = true;
      return undefined;
    }
    this.count += 1;
    const plain = row.map(plainValue);
    this.#kept.push(plain);
    for (const value of plain) this.#bytes += typeof value === 'string' ? value.length : 8;
    const isFull = this.#kept.length >= batchRows || this.#bytes >= batchBytes;
    return sink && isFull ? this.flush() : undefined;
  }

  /** What a sink has not had yet. */
  async flush(): Promise<void> {
    const { sink } = this.#options;
    if (!sink || this.#kept.length === 0) return;
    const rows = this.#kept;
    this.#kept = [];
    this.#bytes = 0;
    await sink.rows(rows);
  }

  get kept(): readonly Row[] {
    return this.#options.sink ? [] : this.#kept;
  }
}

/** Binary values travel as hexadecimal text, since JSON has no bytes. */
const plainValue = (value: unknown): unknown =>
  Buffer.isBuffer(value) ? `0x${value.toString('hex')}` : value;
