/** A file that a client sent for LOAD DATA LOCAL, as the entry that loads it names it. */
export interface LoadFile {
  /** Of no other file in the folder. */
  readonly id: string;
  readonly bytes: number;
  /** CRC-32C of all its bytes. */
  readonly crc: number;
}
