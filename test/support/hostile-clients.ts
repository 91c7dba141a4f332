import { once } from 'node:events';
import fc from 'fast-check';
import { Capability, combine } from '../../src/protocol/capabilities.ts';
import { nativePasswordScramble } from '../../src/protocol/auth/native-password.ts';
import { encodeHandshakeResponse } from '../../src/protocol/handshake-response.ts';
import { decodeHandshakeV10 } from '../../src/protocol/handshake-v10.ts';
import { clientPayloads, conversations } from '../fuzz/corpus.ts';
import { hostile } from '../fuzz/hostile-bytes.ts';
import { RawClient } from './raw-client.ts';

/** What one hostile client does. */
export interface Assault {
  /** As the proxy protocol tells it: each is a stranger of its own. */
  readonly address: string;
  /** It logs in as it should first. */
  readonly loggedIn: boolean;
  readonly sends: readonly Buffer[];
  /** Without waiting for answers. */
  readonly leaves: boolean;
}

const packets = conversations.flatMap(({ fromClient }) => fromClient);
const sequenceId = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(255));

/** With a header that fits, and perhaps one number too many or too few. */
const framed = fc
  .tuple(hostile(clientPayloads), sequenceId, fc.constantFrom(0, 0, 0, 0, 1, -1, 70_000))
  .map(([payload, id, more]) => {
    const header = Buffer.alloc(4);
    header.writeUIntLE(Math.max(0, payload.length + more), 0, 3);
    header[3] = id;
    return Buffer.concat([header, payload]);
  });

const assault: fc.Arbitrary<Assault> = fc.record({
  address: fc.nat(0xff_ffff).map((host) => `10.${host >> 16}.${(host >> 8) & 255}.${host & 255}`),
  loggedIn: fc.boolean(),
  sends: fc.array(fc.oneof(framed, hostile(packets)), { minLength: 1, maxLength: 5 }),
  leaves: fc.boolean(),
});

export const assaults = (seed: number, count: number): Assault[] =>
  fc.sample(assault, { seed, numRuns: count });

/** What was sent may be the beginning of something: then nothing is answered. */
const answerMsMax = 60;

/** Returns all that the client was told. */
export async function attack(port: number, { address, loggedIn, sends, leaves }: Assault) {
  await using client = new RawClient({ port });
  client.bytes(Buffer.from(`PROXY TCP4 ${address} 127.0.0.1 4000 3306\r\n`));
  const told: Buffer[] = [];
  if (loggedIn) await logIn(client);
  for (const bytes of sends) {
    client.bytes(bytes);
    if (leaves) continue;
    const answer = await Promise.race([client.packet(), client.ended, after(answerMsMax)]);
    if (answer) told.push(answer);
  }
  return Buffer.concat(told);
}

async function after(ms: number): Promise<undefined> {
  await once(AbortSignal.timeout(ms), 'abort');
}

async function logIn(client: RawClient): Promise<void> {
  const greeting = await client.packet();
  if (!greeting) throw new Error('the balancer sent no greeting');
  client.reply(
    encodeHandshakeResponse({
      capabilities: combine(
        Capability.PROTOCOL_41,
        Capability.SECURE_CONNECTION,
        Capability.PLUGIN_AUTH_LENENC,
        Capability.MULTI_STATEMENTS,
        Capability.MULTI_RESULTS,
        Capability.TRANSACTIONS,
      ),
      maxPacketBytes: 1 << 24,
      characterSet: 45,
      user: 'app',
      authResponse: nativePasswordScramble('app', decodeHandshakeV10(greeting).authData),
      authPlugin: 'mysql_native_password',
      database: 'app',
    }),
  );
  const ok = await client.packet();
  if (ok?.[0] !== 0) throw new Error(`a login was refused: ${ok?.toString('latin1')}`);
}
