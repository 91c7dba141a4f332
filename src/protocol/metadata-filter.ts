import { eofPayloadBytes } from './eof-packet.ts';
import { encodePacket, headerBytes } from './packet-writer.ts';
import { columnCount } from './quick-fields.ts';
import type { ResponseKind } from './response-sink.ts';

/** Whether definitions go with results, as a client with OPTIONAL_RESULTSET_METADATA asks. */
export type ResultsetMetadata = 'full' | 'none';

const empty = Buffer.alloc(0);
const eofByte = 0xfe;

/**
 * Turns the results of a server that was not asked for OPTIONAL_RESULTSET_METADATA into those for a
 * client that was: the column count has one byte more, 1 where definitions follow and 0 where they
 * do not. What comes behind those that are left out is numbered anew. The bytes come as a
 * `ResponseScanner` gives them: in pieces, but a column count as a whole.
 *
 * ```
 *  count ──> definitions (left out) ──> [EOF] ──> rows ──> EOF or OK
 *    └──────────────────────────────────────────────────────┘ nextResult
 * ```
 * Seen on MySQL 9.7; `sql/protocol_classic.cc`, `Protocol_classic::start_result_metadata`.
 */
export class MetadataFilter {
  readonly #metadata: ResultsetMetadata;
  readonly #definitionsAlone: boolean;
  #countIsNext: boolean;
  #definitionsLeft = 0;
  /** Packets left out so far. */
  #leftOut = 0;
  /** Bytes of a packet that are still to come, and whether it is left out. */
  #bodyLeft = 0;
  #leavesOut = false;
  /** A header that is not whole yet. */
  #head = empty;

  /** `kind` as of the scanner; COM_FIELD_LIST is answered by definitions alone. */
  constructor(metadata: ResultsetMetadata, kind: 'query' | 'field_list') {
    this.#metadata = metadata;
    this.#definitionsAlone = kind === 'field_list';
    this.#countIsNext = kind === 'query';
  }

  /** For answers that hold definitions, and then undefined for a client that gets them always. */
  static for(
    metadata: ResultsetMetadata | undefined,
    kind: ResponseKind,
  ): MetadataFilter | undefined {
    if (metadata === undefined || (kind !== 'query' && kind !== 'field_list')) return undefined;
    return new MetadataFilter(metadata, kind);
  }

  /** Whole or partial packets, which may be changed in place. */
  data(received: Buffer): Buffer {
    if (this.#metadata === 'full' && !this.#countIsNext) return received;
    const bytes = this.#head.length > 0 ? Buffer.concat([this.#head, received]) : received;
    const kept: Buffer[] = [];
    let at = Math.min(this.#bodyLeft, bytes.length);
    let keptFrom = this.#leavesOut ? at : 0;
    this.#bodyLeft -= at;
    while (bytes.length - at >= headerBytes) {
      const end = at + headerBytes + bytes.readUIntLE(at, 3);
      this.#leavesOut = this.#definitionsAlone ? this.#metadata === 'none' : false;
      if (this.#countIsNext) {
        kept.push(bytes.subarray(keptFrom, at), this.#count(bytes.subarray(at, end)));
        keptFrom = end;
      } else if (this.#definitionsLeft > 0) {
        this.#definitionsLeft -= 1;
        this.#leavesOut = true;
      }
      if (this.#leavesOut) {
        this.#leftOut += 1;
        kept.push(bytes.subarray(keptFrom, at));
        keptFrom = Math.min(end, bytes.length);
      } else this.end(bytes.subarray(at, at + headerBytes));
      at = end;
      if (this.#metadata === 'full') at = bytes.length;
    }
    if (at > bytes.length) this.#bodyLeft = at - bytes.length;
    const whole = Math.min(at, bytes.length);
    this.#head = Buffer.from(bytes.subarray(whole));
    kept.push(bytes.subarray(keptFrom, whole));
    const [only] = kept;
    return kept.length === 1 && only ? only : Buffer.concat(kept);
  }

  /** A packet that the scanner gives by itself: it is never left out. */
  end(raw: Buffer): Buffer {
    raw[3] = ((raw[3] ?? 0) - this.#leftOut) & 0xff;
    return raw;
  }

  /** The result has ended, and another follows. */
  nextResult(): void {
    this.#countIsNext = !this.#definitionsAlone;
  }

  #count(raw: Buffer): Buffer {
    this.#countIsNext = false;
    if (this.#metadata === 'none') this.#definitionsLeft = columnCount(raw.subarray(headerBytes));
    return this.end(withFlag(raw, this.#metadata));
  }
}

/** The whole answer to COM_STMT_PREPARE; EOFs stay. */
export function filterPrepared(answer: Buffer, metadata: ResultsetMetadata): Buffer {
  const firstEnd = headerBytes + answer.readUIntLE(0, 3);
  const packets = [withFlag(answer.subarray(0, firstEnd), metadata)];
  if (metadata === 'full') packets.push(answer.subarray(firstEnd));
  else {
    let sequenceId = (answer[3] ?? 0) + 1;
    for (let at = firstEnd; at < answer.length; ) {
      const end = at + headerBytes + answer.readUIntLE(at, 3);
      const payload = answer.subarray(at + headerBytes, end);
      if (payload[0] === eofByte && payload.length === eofPayloadBytes) {
        packets.push(encodePacket(payload, sequenceId++ & 0xff));
      }
      at = end;
    }
  }
  return Buffer.concat(packets);
}

/** Behind the column count of a result, and behind the warnings of a prepared statement. */
const withFlag = (raw: Buffer, metadata: ResultsetMetadata): Buffer =>
  encodePacket(
    Buffer.concat([raw.subarray(headerBytes), Buffer.of(metadata === 'full' ? 1 : 0)]),
    raw[3] ?? 0,
  );
