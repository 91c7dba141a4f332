import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PacketAssembler } from '../../src/protocol/command-scanner.ts';
import { captures, serverNames } from '../../src/protocol/testing/captures.ts';

/** What one side of a recorded conversation sent, with headers, in the order of its packets. */
export interface Conversation {
  readonly name: string;
  readonly fromClient: readonly Buffer[];
  readonly fromServer: readonly Buffer[];
}

interface RecordedFile {
  readonly name: string;
  /** In hexadecimal; a line begins with `>` when the client sent it, `<` when the server did. */
  readonly bytes: readonly string[];
}

const folder = join(import.meta.dirname, 'fixtures');

/** Of real clients with real servers, recorded by `scripts/record-conversation.mjs`. */
export const conversations: readonly Conversation[] = readdirSync(folder).map((file) => {
  const recorded = JSON.parse(readFileSync(join(folder, file), 'utf8')) as RecordedFile;
  const sentBy = (side: string): Buffer[] =>
    packets(
      recorded.bytes
        .filter((line) => line.startsWith(side))
        .map((line) => Buffer.from(line.slice(1), 'hex')),
    );
  return { name: recorded.name, fromClient: sentBy('>'), fromServer: sentBy('<') };
});

/** Packets with their headers. */
function packets(chunks: readonly Buffer[]): Buffer[] {
  const assembler = new PacketAssembler({ payloadBytesMax: Infinity });
  return assembler.push(Buffer.concat(chunks)).map(({ raw }) => raw);
}

const captured = serverNames.flatMap((server) => captures(server));

/** Payloads, to begin from. */
export const clientPayloads: readonly Buffer[] = [
  ...captured.map(({ command }) => command),
  ...conversations.flatMap(({ fromClient }) => fromClient.map(payloadOf)),
].filter((payload) => payload.length > 0);

export const serverPayloads: readonly Buffer[] = [
  ...captured.flatMap(({ bytes }) => packets([bytes]).map(payloadOf)),
  ...conversations.flatMap(({ fromServer }) => fromServer.map(payloadOf)),
];

/** Whole answers of a server, with headers. */
export const answers: readonly Buffer[] = captured.map(({ bytes }) => bytes);

function payloadOf(packet: Buffer): Buffer {
  return packet.subarray(4);
}
