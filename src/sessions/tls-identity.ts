import { X509Certificate } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type Clock, dateOf, wallMsOf } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';

const validYears = 10;
const yearMs = 365.25 * 24 * 60 * 60 * 1000;

/** PEM. */
export interface TlsPair {
  readonly key: Buffer;
  readonly cert: Buffer;
}

/**
 * The key and certificate that Lockstep shows to clients, PEM. None configured: a self-signed pair
 * is made once and kept in `folder`, so that clients can pin it. Rejects config_invalid if a file
 * cannot be read or is no key or certificate.
 */
export async function tlsPair(
  { keyFile, certFile }: Config['tls'],
  folder: string,
  clock: Clock,
): Promise<TlsPair> {
  const paths =
    keyFile === undefined || certFile === undefined
      ? await ownPair(folder, clock)
      : { key: keyFile, cert: certFile };
  try {
    const [key, cert] = await Promise.all([readFile(paths.key), readFile(paths.cert)]);
    contextOf({ key, cert });
    return { key, cert };
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const files = `${paths.key} and ${paths.cert}`;
    throw new LockstepError('config_invalid', `tls: ${files} cannot be used: ${reason}`, { cause });
  }
}

export const contextOf = (pair: TlsPair): SecureContext =>
  createSecureContext({ ...pair, minVersion: 'TLSv1.2' });

/** As the pair above, for connections of MySQL clients; undefined with `tls.mode: off`. */
export async function tlsIdentity(
  tls: Config['tls'],
  folder: string,
  clock: Clock,
): Promise<SecureContext | undefined> {
  return tls.mode === 'off' ? undefined : contextOf(await tlsPair(tls, folder, clock));
}

async function ownPair(folder: string, clock: Clock): Promise<{ key: string; cert: string }> {
  const paths = { key: join(folder, 'tls-key.pem'), cert: join(folder, 'tls-cert.pem') };
  if (await isValid(paths.cert, clock.wallMs())) return paths;
  // Only here: it takes a tenth of a second to load, and most starts make no pair.
  const { generate } = await import('selfsigned');
  const notBeforeDate = dateOf(clock.wallMs());
  const notAfterDate = dateOf(clock.wallMs() + validYears * yearMs);
  const attributes = [{ name: 'commonName', value: 'Lockstep' }];
  const made = await generate(attributes, {
    algorithm: 'sha256',
    keySize: 2048,
    notBeforeDate,
    notAfterDate,
    extensions: [
      { name: 'basicConstraints', cA: false },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  // The certificate last: it is what tells that the pair is whole.
  await replace(paths.key, made.private);
  await replace(paths.cert, made.cert);
  return paths;
}

async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.tmp`, text, { mode: 0o600 });
  await rename(`${path}.tmp`, path);
}

async function isValid(path: string, nowMs: number): Promise<boolean> {
  try {
    const certificate = new X509Certificate(await readFile(path));
    return wallMsOf(certificate.validTo) > nowMs;
  } catch {
    return false;
  }
}
