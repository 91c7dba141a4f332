import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { asError } from '../../base/as-error.ts';
import { type Clock, wallMsOf } from '../../base/clock.ts';
import type { Config } from '../../config/config.ts';
import type { Finding } from '../../http/doctor-schemas.ts';

type Found = Omit<Finding, 'about'>;

const check = 'certificate';
const dayMs = 24 * 60 * 60 * 1000;
const renewDays = 30;
const reload = 'then run `lockstep config reload`.';

/** The certificates in files: Lockstep's own, and those of its connections to nodes. */
export async function judgeCertificates(config: Config, clock: Clock): Promise<Found[]> {
  const findings: Found[] = [];
  if (config.tls.mode !== 'off' || config.http.tls) findings.push(...(await own(config, clock)));
  const files = config.nodes.flatMap(({ tlsCertFile, tlsCaFile }) => [tlsCertFile, tlsCaFile]);
  for (const file of new Set(files)) {
    if (file !== undefined) findings.push(...(await judged(file, clock, () => [])));
  }
  return findings;
}

function own({ tls, log, mysql, http }: Config, clock: Clock): Promise<Found[]> {
  const { keyFile, certFile } = tls;
  // Our own pair is made at the first start.
  const file = certFile ?? join(log.folder, 'tls-cert.pem');
  const hosts = [...(tls.mode === 'off' ? [] : [mysql.host]), ...(http.tls ? [http.host] : [])];
  return judged(
    file,
    clock,
    async (certificate) => [
      ...(keyFile === undefined ? [] : await keyOf(certificate, file, keyFile)),
      ...names(certificate, file, hosts),
    ],
    certFile !== undefined,
  );
}

async function judged(
  file: string,
  clock: Clock,
  further: (certificate: X509Certificate) => Found[] | Promise<Found[]>,
  isNeeded = true,
): Promise<Found[]> {
  const text = await readFile(file).catch(() => undefined);
  if (text === undefined) {
    const message = `${file} cannot be read`;
    const remedy = `Name the right file, or let the user that runs Lockstep read it, ${reload}`;
    return isNeeded ? [{ level: 'error', check, message, remedy }] : [];
  }
  try {
    const certificate = new X509Certificate(text);
    const { validFrom, validTo } = certificate;
    const about = `the certificate ${file}`;
    const timely = validity(about, { validFrom, validTo }, clock);
    return [...timely, ...(await further(certificate))];
  } catch (error) {
    const message = `${file} holds no certificate: ${asError(error).message}`;
    return [{ level: 'error', check, message, remedy: `Put one there in PEM, ${reload}` }];
  }
}

interface Validity {
  readonly validFrom?: string;
  readonly validTo: string;
}

/** What is to be said of the time in which a certificate holds. */
export function validity(
  about: string,
  { validFrom, validTo }: Validity,
  clock: Clock,
  remedy = `Renew it, ${reload}`,
): Found[] {
  const nowMs = clock.wallMs();
  if (validFrom !== undefined && wallMsOf(validFrom) > nowMs) {
    const message = `${about} holds from ${validFrom} on, which is yet to come`;
    const wait = 'Look whether the clock of this machine is right: `timedatectl`.';
    return [{ level: 'error', check, message, remedy: wait }];
  }
  const days = Math.floor((wallMsOf(validTo) - nowMs) / dayMs);
  if (days >= renewDays) return [];
  const message = `${about} ${days < 0 ? 'ran' : 'runs'} out on ${validTo}`;
  return [{ level: days < 0 ? 'error' : 'warning', check, message, remedy }];
}

async function keyOf(
  certificate: X509Certificate,
  file: string,
  keyFile: string,
): Promise<Found[]> {
  try {
    const key = createPrivateKey(await readFile(keyFile));
    if (certificate.checkPrivateKey(key)) return [];
    const message = `the key ${keyFile} is not that of the certificate ${file}`;
    const remedy = `Put the two that belong together there, ${reload}`;
    return [{ level: 'error', check, message, remedy }];
  } catch (error) {
    const message = `${keyFile} holds no key: ${asError(error).message}`;
    return [{ level: 'error', check, message, remedy: `Put it there in PEM, ${reload}` }];
  }
}

/** Only of addresses that are one: by which name a client comes to 0.0.0.0 is not known. */
function names(certificate: X509Certificate, file: string, hosts: readonly string[]): Found[] {
  const wrong = [...new Set(hosts)].filter((host) => {
    if (host === '0.0.0.0' || host === '::') return false;
    return (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)) === undefined;
  });
  return wrong.map((host) => ({
    level: 'note',
    check,
    message:
      `the certificate ${file} does not name ${host}: a client that comes by this address and ` +
      `checks names refuses it (it names ${certificate.subjectAltName ?? 'nothing'})`,
    remedy: `Connect by a name that it has, or have ${host} put into it, ${reload}`,
  }));
}
