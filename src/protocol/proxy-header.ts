import { malformed } from './packet-reader.ts';

/** What a proxy says of the client it speaks for, before the client's own first byte. */
export type ProxyHeader =
  /** These bytes begin no header. */
  | { readonly kind: 'none' }
  /** More bytes are needed to tell. */
  | { readonly kind: 'partial' }
  /** `address` is undefined when the proxy speaks for itself, or for a client of no address. */
  | { readonly kind: 'header'; readonly byteLength: number; readonly address: string | undefined };

const textStart = Buffer.from('PROXY ');
const textBytesMax = 107;
const binaryStart = Buffer.from('\r\n\r\n\0\r\nQUIT\n');
const fixedBytes = 16;
const binaryBytesMax = 4096;

/**
 * The PROXY protocol, version 1 (a line of text) and 2 (binary).
 *
 * ```
 * PROXY TCP4|TCP6|UNKNOWN [source destination source-port destination-port] CR LF
 * 0d 0a 0d 0a 00 0d 0a 51 55 49 54 0a | version, command u8 | family u8 | length u16 | addresses
 * ```
 * No MySQL packet of a login begins so: as its header either would announce more than 4 MB.
 * Throws malformed_packet for a header that cannot be read.
 * Source: HAProxy, "The PROXY protocol", doc/proxy-protocol.txt.
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (beginsAs(bytes, textStart)) return readText(bytes);
  if (beginsAs(bytes, binaryStart)) return readBinary(bytes);
  return { kind: 'none' };
}

const beginsAs = (bytes: Buffer, start: Buffer): boolean => {
  const length = Math.min(bytes.length, start.length);
  return bytes.subarray(0, length).equals(start.subarray(0, length));
};

function readText(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, textBytesMax).indexOf('\r\n');
  if (end < 0) {
    if (bytes.length >= textBytesMax) throw malformed('a PROXY header without an end');
    return { kind: 'partial' };
  }
  const [, family, source = '', , ...ports] = bytes.toString('latin1', 0, end).split(' ');
  const byteLength = end + 2;
  if (family === 'UNKNOWN') return { kind: 'header', byteLength, address: undefined };
  const form = family === 'TCP4' ? /^\d{1,3}(?:\.\d{1,3}){3}$/ : /^[\da-f]*:[\da-f:.]+$/i;
  if (ports.length !== 2 || !/^TCP[46]$/.test(family ?? '') || !form.test(source)) {
    throw malformed('a PROXY header that is not understood');
  }
  return { kind: 'header', byteLength, address: source };
}

function readBinary(bytes: Buffer): ProxyHeader {
  if (bytes.length < fixedBytes) return { kind: 'partial' };
  const [versionAndCommand = 0, family = 0] = bytes.subarray(binaryStart.length);
  const length = bytes.readUInt16BE(binaryStart.length + 2);
  const byteLength = fixedBytes + length;
  if (versionAndCommand >> 4 !== 2 || byteLength > binaryBytesMax) {
    throw malformed('a PROXY header of an unknown version, or too long');
  }
  if (bytes.length < byteLength) return { kind: 'partial' };
  const command = versionAndCommand & 0x0f;
  if (command > 1) throw malformed('a PROXY header with an unknown command');
  const body = bytes.subarray(fixedBytes, byteLength);
  const address = command === 0 ? undefined : addressOf(family, body);
  return { kind: 'header', byteLength, address };
}

/** Of TCP over IPv4 (0x11) and IPv6 (0x21): source, destination, and their ports. */
function addressOf(family: number, body: Buffer): string | undefined {
  if (family === 0x11 && body.length >= 12) return body.subarray(0, 4).join('.');
  if (family !== 0x21 || body.length < 36) return undefined;
  const groups = Array.from({ length: 8 }, (_, index) => body.readUInt16BE(index * 2));
  return groups.map((group) => group.toString(16)).join(':');
}
