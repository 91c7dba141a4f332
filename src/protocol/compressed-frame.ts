import { malformed } from './packet-reader.ts';
import { headerBytes, partBytesMax } from './packet-writer.ts';

/**
 * What carries packets once both sides have agreed on compression; a packet may begin and end
 * anywhere in it.
 *
 * ```
 * body length u24 | sequence id u8 | length before compression u24, 0: not compressed | body
 * ```
 * The sequence ids are not those of the packets inside. They begin at 0 with each command, and
 * the answer goes on with the number after that of the command's last frame.
 * Source: page "Compressed Packet"; MySQL `sql-common/net_serv.cc`, compress_packet.
 */
export interface CompressedFrame {
  readonly sequenceId: number;
  /** Bytes of the body once it is inflated; 0: it is not compressed. */
  readonly plainBytes: number;
  readonly body: Buffer;
}

export const frameHeaderBytes = 7;

export function encodeFrame({ sequenceId, plainBytes, body }: CompressedFrame): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + body.length);
  frame.writeUIntLE(body.length, 0, 3);
  frame[3] = sequenceId & 0xff;
  frame.writeUIntLE(plainBytes, 4, 3);
  body.copy(frame, frameHeaderBytes);
  return frame;
}

/** Cuts a stream of bytes into frames, and holds what of the last one is there. */
export class CompressedFrameReader {
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #wanted = frameHeaderBytes;

  /** Throws LockstepError('malformed_packet'). */
  push(chunk: Buffer): CompressedFrame[] {
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    const frames: CompressedFrame[] = [];
    while (this.#pendingBytes >= this.#wanted) {
      const bytes = this.#joined();
      const length = bytes.readUIntLE(0, 3);
      const end = frameHeaderBytes + length;
      if (length === 0) throw malformed('an empty compressed packet');
      if (bytes.length < end) {
        this.#wanted = end;
        break;
      }
      frames.push({
        sequenceId: bytes[3] as number,
        plainBytes: bytes.readUIntLE(4, 3),
        body: bytes.subarray(frameHeaderBytes, end),
      });
      this.#keep(bytes.subarray(end));
    }
    return frames;
  }

  #joined(): Buffer {
    const [only] = this.#pending;
    if (this.#pending.length === 1 && only) return only;
    const joined = Buffer.concat(this.#pending);
    this.#pending = [joined];
    return joined;
  }

  #keep(rest: Buffer): void {
    this.#pending = rest.length > 0 ? [rest] : [];
    this.#pendingBytes = rest.length;
    this.#wanted = frameHeaderBytes;
  }
}

/** Packets of one command, or of what goes on with one. */
export interface CommandBytes {
  readonly bytes: Buffer;
  readonly begins: boolean;
}

/** Whole packets, cut where a command begins: at those with the number 0. */
export function splitCommands(packets: Buffer): CommandBytes[] {
  const commands: CommandBytes[] = [];
  let from = 0;
  const cut = (to: number): void => {
    if (to > from)
      commands.push({ bytes: packets.subarray(from, to), begins: packets[from + 3] === 0 });
    from = to;
  };
  let continued = false;
  for (let at = 0; at + headerBytes <= packets.length; ) {
    const length = packets.readUIntLE(at, 3);
    if (packets[at + 3] === 0 && !continued) cut(at);
    continued = length === partBytesMax;
    at += headerBytes + length;
  }
  cut(packets.length);
  return commands;
}
