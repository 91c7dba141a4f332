import { promisify } from 'node:util';
import zlib, { deflate, deflateSync, inflate, inflateSync } from 'node:zlib';
import { asError } from '../base/as-error.ts';
import { LockstepError } from '../base/errors.ts';
import { Capability, has } from '../protocol/capabilities.ts';
import { malformed } from '../protocol/packet-reader.ts';

/** How the bodies of compressed packets are made. At once, or later for large ones. */
export interface CompressionCodec {
  compress(bytes: Buffer): Buffer | Promise<Buffer>;
  /** Of `plainBytes` when it is done. Throws or rejects as `malformed_packet`. */
  decompress(body: Buffer, plainBytes: number): Buffer | Promise<Buffer>;
}

type Transform = (bytes: Buffer, options: object) => Buffer;
type TransformAside = (bytes: Buffer, options: object) => Promise<Buffer>;

interface Library {
  readonly name: string;
  readonly options: object;
  readonly compress: Transform;
  readonly compressAside: TransformAside;
  readonly decompress: Transform;
  readonly decompressAside: TransformAside;
}

/** More than this is left to another thread, so that other sessions go on meanwhile. */
const inPlaceBytesMax = 32 * 1024;

/** The fastest level: what a node or a client is near enough to be sent, it is sent soon. */
export const zlibCodec: CompressionCodec = codecOf({
  name: 'zlib',
  options: { level: zlib.constants.Z_BEST_SPEED },
  compress: deflateSync,
  compressAside: promisify(deflate) as TransformAside,
  decompress: inflateSync,
  decompressAside: promisify(inflate) as TransformAside,
});

/** What Node.js has from 22.15 on, and its types for an older one don't tell. */
interface ZstdLibrary {
  zstdCompress?: unknown;
  zstdCompressSync?: Transform;
  zstdDecompress?: unknown;
  zstdDecompressSync?: Transform;
  constants: { ZSTD_c_compressionLevel?: number };
}

const node = zlib as unknown as ZstdLibrary;

/** The running Node.js has zstd. */
export const hasZstd = node.zstdCompressSync !== undefined;

/** What MySQL's own clients ask for unless told otherwise. Source: `default_zstd_level`. */
export const zstdLevelDefault = 3;
/** A client may ask for 22, which takes a hundred times as long for little less. */
const zstdLevelMax = 9;

/** As the two sides of a connection have agreed; zlib where they could do both, as in MySQL. */
export function agreedCodec(
  capabilities: number,
  zstdLevel = zstdLevelDefault,
): CompressionCodec | undefined {
  if (has(capabilities, Capability.COMPRESS)) return zlibCodec;
  return has(capabilities, Capability.ZSTD) ? zstdCodec(zstdLevel) : undefined;
}

/** Only where `hasZstd`. */
export function zstdCodec(level: number): CompressionCodec {
  const { zstdCompressSync, zstdDecompressSync, constants } = node;
  if (!zstdCompressSync || !zstdDecompressSync) {
    throw new LockstepError('unsupported', 'zstd takes Node.js 22.15 or newer');
  }
  const parameter = constants.ZSTD_c_compressionLevel ?? 100;
  return codecOf({
    name: 'zstd',
    options: { params: { [parameter]: Math.max(1, Math.min(level, zstdLevelMax)) } },
    compress: zstdCompressSync,
    compressAside: promisify(node.zstdCompress as typeof deflate) as TransformAside,
    decompress: zstdDecompressSync,
    decompressAside: promisify(node.zstdDecompress as typeof inflate) as TransformAside,
  });
}

function codecOf(library: Library): CompressionCodec {
  const failed = (cause: unknown): Error =>
    cause instanceof LockstepError
      ? cause
      : malformed(`${library.name}: ${asError(cause).message}`);
  return {
    compress: (bytes) =>
      bytes.length <= inPlaceBytesMax
        ? library.compress(bytes, library.options)
        : library.compressAside(bytes, library.options),
    decompress: (body, plainBytes) => {
      const options = { maxOutputLength: plainBytes };
      if (plainBytes > inPlaceBytesMax) {
        return library.decompressAside(body, options).then(
          (bytes) => checked(bytes, plainBytes),
          (cause: unknown) => Promise.reject(failed(cause)),
        );
      }
      try {
        return checked(library.decompress(body, options), plainBytes);
      } catch (cause) {
        throw failed(cause);
      }
    },
  };
}

function checked(bytes: Buffer, plainBytes: number): Buffer {
  if (bytes.length === plainBytes) return bytes;
  throw malformed(`${bytes.length} bytes in a compressed packet for ${plainBytes}`);
}
