import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';

/** What a client without TLS encrypts its password with, for `caching_sha2_password`. */
export interface RsaKeys {
  readonly privateKeyPem: string;
  readonly publicKeyPem: string;
}

const generate = promisify(generateKeyPair);

/** On a thread of its own, since it may take a second. */
export async function makeRsaKeys(): Promise<RsaKeys> {
  const { privateKey, publicKey } = await generate('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return { privateKeyPem: privateKey, publicKeyPem: publicKey };
}
