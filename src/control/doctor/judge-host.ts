import { X509Certificate } from 'node:crypto';
import { access, constants, readFile, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { asError } from '../../base/as-error.ts';
import { type Clock, wallMsOf } from '../../base/clock.ts';
import type { Config } from '../../config/config.ts';
import { isLoopback } from '../../config/is-loopback.ts';
import { formatSize } from '../../config/units.ts';
import type { Finding } from '../../http/doctor-schemas.ts';

const dayMs = 24 * 60 * 60 * 1000;
const renewDays = 30;

/** What is to be said of Lockstep's own side: its log's disk, its certificates, its nodes. */
export async function judgeHost(config: Config, clock: Clock): Promise<Finding[]> {
  const findings = [...(await folder(config.log)), ...nodes(config)];
  const own = config.tls.certFile ?? join(config.log.folder, 'tls-cert.pem');
  if (config.tls.mode !== 'off') {
    findings.push(...(await certificate(own, config.tls.certFile !== undefined, clock)));
  }
  for (const { tlsCertFile, tlsCaFile } of config.nodes) {
    for (const file of [tlsCertFile, tlsCaFile]) {
      if (file !== undefined) findings.push(...(await certificate(file, true, clock)));
    }
  }
  return findings.map((found) => Object.assign({ about: 'lockstep' }, found));
}

type Found = Omit<Finding, 'about'>;

async function folder({ folder: path, freeBytesMin }: Config['log']): Promise<Found[]> {
  const there = await nearest(resolve(path));
  try {
    await access(there, constants.W_OK);
  } catch (error) {
    const reason = asError(error).message;
    const message = `the folder of the log, ${path}, cannot be written to: ${reason}`;
    return [{ level: 'error', check: 'log_folder', message }];
  }
  const { bavail, bsize } = await statfs(there);
  const free = bavail * bsize;
  if (free >= freeBytesMin) return [];
  const shown = `${formatSize(Math.floor(free / 2 ** 20) * 2 ** 20)} are free`;
  const least = `less than log.free_bytes_min (${formatSize(freeBytesMin)})`;
  const message = `${shown} on the disk of the log, ${path}: ${least}`;
  return [{ level: 'warning', check: 'log_folder', message }];
}

/** The folder, or what of its path there is. */
async function nearest(path: string): Promise<string> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  return isThere || dirname(path) === path ? path : nearest(dirname(path));
}

async function certificate(file: string, isNeeded: boolean, clock: Clock): Promise<Found[]> {
  const check = 'certificate';
  const text = await readFile(file).catch(() => undefined);
  if (text === undefined) {
    // Our own is made at the first start.
    return isNeeded ? [{ level: 'error', check, message: `${file} cannot be read` }] : [];
  }
  try {
    const { validTo } = new X509Certificate(text);
    const days = Math.floor((wallMsOf(validTo) - clock.wallMs()) / dayMs);
    if (days >= renewDays) return [];
    const message = `the certificate ${file} ${days < 0 ? 'ran' : 'runs'} out on ${validTo}`;
    const remedy = 'Renew it, then run `lockstep config reload`.';
    return [{ level: days < 0 ? 'error' : 'warning', check, message, remedy }];
  } catch (error) {
    const message = `${file} holds no certificate: ${asError(error).message}`;
    return [{ level: 'error', check, message }];
  }
}

function nodes({ nodes: all, minInSync }: Config): Found[] {
  const findings: Found[] = [];
  if (all.length < 3) {
    const none = 'with one node there is no copy that could take over';
    const two = 'with two nodes nobody can tell which is right when they differ';
    const message = all.length === 1 ? none : two;
    findings.push({ level: 'note', check: 'nodes', message });
  }
  if (minInSync === 1 && all.length > 1) {
    const message =
      'min_in_sync is 1: writes are taken while a single node has them; the command log has too';
    findings.push({ level: 'note', check: 'min_in_sync', message });
  }
  for (const { name, host, tls = 'off' } of all) {
    if (tls !== 'off' || isLoopback(host)) continue;
    const message = `what goes to ${name} (${host}) is not encrypted`;
    const remedy = 'Set `tls: required` or `verify_identity` at the node unless the line is safe.';
    findings.push({ level: 'note', check: 'tls', message, remedy });
  }
  return findings;
}
