import type { Duplex } from 'node:stream';
import { encodePacket } from '../protocol/packet-writer.ts';

/** Of packets. Among those of a file, for which `inFile` is set, a number 0 begins no command. */
export interface FileStream extends Duplex {
  inFile?: boolean;
}

/** What a server is given that asks for the file of a LOAD DATA LOCAL. */
export interface Infile {
  /** It asks; `name` is a binary string. */
  onAsked?(name: string): void;
  /** The bytes in order, from the beginning each time. */
  read(): AsyncIterable<Buffer>;
}

/** A file without a byte in it: the statement is checked and does nothing. */
export const emptyInfile = (onAsked: (name: string) => void): Infile => ({
  onAsked,
  read: () => ({ [Symbol.asyncIterator]: async function* () {} }),
});

const empty = Buffer.alloc(0);

/**
 * Answers the request for a file: its bytes in packets, and an empty one at the end. `write`
 * resolves when more may be written. Source: page "LOCAL INFILE Request".
 */
export async function sendInfile(
  infile: Infile | undefined,
  firstSequenceId: number,
  write: (packet: Buffer) => Promise<void>,
): Promise<void> {
  let sequenceId = firstSequenceId;
  if (infile) {
    for await (const chunk of infile.read()) {
      await write(encodePacket(chunk, sequenceId & 0xff));
      sequenceId++;
    }
  }
  await write(encodePacket(empty, sequenceId & 0xff));
}
