import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A key and the certificate for it, as files. */
export interface CertificateFiles {
  readonly key: string;
  readonly cert: string;
}

export interface CertificateValidity {
  readonly notBeforeDate?: Date;
  readonly notAfterDate?: Date;
}

/** An authority of the test's own, and what it issues; the files are gone after it. */
export interface TestAuthority extends AsyncDisposable {
  /** The authority's own certificate. */
  readonly ca: string;
  issue(
    commonName: string,
    addresses?: readonly string[],
    validity?: CertificateValidity,
  ): Promise<CertificateFiles>;
}

export async function createAuthority(name: string): Promise<TestAuthority> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-certificates-'));
  const made = await generate([{ name: 'commonName', value: name }], {
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  const ca = join(folder, 'ca.pem');
  await writeFile(ca, made.cert);
  const issue = async (
    commonName: string,
    addresses: readonly string[] = [],
    validity: CertificateValidity = {},
  ): Promise<CertificateFiles> => {
    const issued = await generate([{ name: 'commonName', value: commonName }], {
      algorithm: 'sha256',
      ...validity,
      ca: { key: made.private, cert: made.cert },
      extensions: [
        { name: 'basicConstraints', cA: false },
        {
          name: 'subjectAltName',
          altNames: [
            { type: 2, value: commonName },
            ...addresses.map((ip) => ({ type: 7 as const, ip })),
          ],
        },
      ],
    });
    const files = { key: join(folder, `${commonName}.key`), cert: join(folder, commonName) };
    await writeFile(files.key, issued.private);
    await writeFile(files.cert, issued.cert);
    return files;
  };
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  return { ca, issue, [Symbol.asyncDispose]: remove };
}
