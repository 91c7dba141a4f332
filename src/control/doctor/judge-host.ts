import type { Clock } from '../../base/clock.ts';
import type { Config } from '../../config/config.ts';
import { isLoopback } from '../../config/is-loopback.ts';
import type { Finding } from '../../http/doctor-schemas.ts';
import { judgeCertificates } from './judge-certificates.ts';
import { judgeDisk } from './judge-disk.ts';

/** What is to be said of Lockstep's own side: its log's disk, its certificates, its nodes. */
export async function judgeHost(config: Config, clock: Clock): Promise<Finding[]> {
  const findings = [
    ...(await judgeDisk(config.log, clock)),
    ...(await judgeCertificates(config, clock)),
    ...nodes(config),
  ];
  return findings.map((found) => Object.assign({ about: 'lockstep' }, found));
}

type Found = Omit<Finding, 'about'>;

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
