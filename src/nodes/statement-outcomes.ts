import { decodeErr } from '../protocol/err-packet.ts';
import { okCounts } from '../protocol/quick-fields.ts';
import type { Terminal } from '../protocol/response-sink.ts';
import type { NodeResponseSink } from './node-response-sink.ts';

/** What became of one statement: no column and no row of an answer is decoded. */
export interface StatementOutcome {
  readonly kind: 'ok' | 'rows' | 'err';
  /** Of a result set the number of its rows. A number above 2^53 is rounded. */
  readonly affectedRows: number;
  /** Decimal digits, '0' for none. */
  readonly insertId: string;
  /** 0 for success. */
  readonly errno: number;
  /** The text in the OK packet, a binary string. */
  readonly info: string;
  /** Of an error. */
  readonly message: string;
}

/**
 * Gathers what became of many statements. A server answers each statement of a packet with a
 * packet of its own, so this is made for large numbers of them.
 */
export class OutcomeCollector implements NodeResponseSink {
  readonly #outcomes: StatementOutcome[] = [];
  readonly #done: (error: Error | undefined, outcomes: StatementOutcome[]) => void;

  constructor(done: (error: Error | undefined, outcomes: StatementOutcome[]) => void) {
    this.#done = done;
  }

  onData(): void {}

  onTerminal({ type, payload, rows }: Terminal): void {
    this.#outcomes.push(outcomeOf(type, payload, rows));
  }

  onEnd(): void {
    this.#done(undefined, this.#outcomes);
  }

  onLocalInfile(): void {
    this.#done(new Error('a node asked for a local file'), []);
  }

  onLost(error: Error): void {
    this.#done(error, []);
  }
}

function outcomeOf(type: Terminal['type'], payload: Buffer, rows: number): StatementOutcome {
  switch (type) {
    case 'ok': {
      const { affectedRows, insertId, info } = okCounts(payload);
      return { kind: 'ok', affectedRows, insertId, errno: 0, info, message: '' };
    }
    case 'err': {
      const { errno, message } = decodeErr(payload);
      return { kind: 'err', affectedRows: 0, insertId: '0', errno, info: '', message };
    }
    case 'eof':
    case 'result_end_ok':
      return { kind: 'rows', affectedRows: rows, insertId: '0', errno: 0, info: '', message: '' };
  }
}
