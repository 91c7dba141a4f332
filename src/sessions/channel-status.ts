import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { CompressedStream } from '../nodes/compressed-stream.ts';

const asks = /^\s*SHOW\s+(?:SESSION\s+|LOCAL\s+)?STATUS\s+LIKE\s+'(\w+|\w+\\_\w+)'\s*$/i;

/**
 * What a client that wants to know how it is connected asks (SHOW STATUS LIKE 'Ssl_cipher'), as a
 * query for the answer; undefined for any other statement. A node would tell of its own connection.
 */
export function channelStatusQuery(sql: string, client: Duplex): string | undefined {
  const name = asks.exec(sql)?.[1]?.replace('\\_', '_').toLowerCase();
  const found = names.find((one) => one.toLowerCase() === name);
  if (found === undefined) return undefined;
  const value = valueOf(found, client);
  return `SELECT '${found}' AS \`Variable_name\`, '${value}' AS \`Value\``;
}

const names = ['Ssl_cipher', 'Ssl_version', 'Compression'] as const;

function valueOf(name: (typeof names)[number], client: Duplex): string {
  const compressed = client instanceof CompressedStream;
  const carrier = compressed ? client.carrier : client;
  switch (name) {
    case 'Compression':
      return compressed ? 'ON' : 'OFF';
    case 'Ssl_cipher':
      return carrier instanceof TLSSocket ? carrier.getCipher().name : '';
    case 'Ssl_version':
      return carrier instanceof TLSSocket ? (carrier.getProtocol() ?? '') : '';
  }
}
