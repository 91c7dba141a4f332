import { asError } from '../../base/as-error.ts';
import type { Clock } from '../../base/clock.ts';
import type { Config } from '../../config/config.ts';
import { type Examination, type Finding, findingLevels } from '../../http/doctor-schemas.ts';
import { examineServer, type ServerExam } from '../../nodes/examine-server.ts';
import type { Node } from '../../nodes/node.ts';
import { tlsFailed } from '../../nodes/node-tls.ts';
import { plainVersion } from '../../nodes/plain-version.ts';
import { judgeCluster } from './judge-cluster.ts';
import { judgeHost } from './judge-host.ts';
import { judgeServer } from './judge-server.ts';

export interface DoctorParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly nodes: Iterable<Node>;
}

/** Looks over every node and Lockstep's own side; changes nothing. The worst comes first. */
export async function examine({ config, clock, nodes }: DoctorParts): Promise<Examination> {
  const exams = new Map<string, ServerExam>();
  const ofNodes = [...nodes].map(async (node): Promise<Finding[]> => {
    try {
      const exam = await examNode(node, clock);
      exams.set(node.name, exam);
      const found = judgeServer(node.name, exam, { limits: config.limits, clock });
      if (found.some(({ level }) => level !== 'note')) return found;
      return found.concat(
        ok(node.name, `${plainVersion(exam.facts.version)}: settings and rights are right`),
      );
    } catch (error) {
      return [unreachable(node, asError(error).message)];
    }
  });
  const found = [...(await judgeHost(config, clock)), ...(await Promise.all(ofNodes)).flat()];
  const findings = [...found, ...judgeCluster(exams)];
  const rank = ({ level }: Finding): number => -findingLevels.indexOf(level);
  return { findings: findings.toSorted((a, b) => rank(a) - rank(b)) };
}

async function examNode(node: Node, clock: Clock): Promise<ServerExam> {
  const connection = await node.openControl();
  try {
    return await examineServer(connection, clock);
  } finally {
    connection.end();
  }
}

const ok = (about: string, message: string): Finding => ({
  level: 'ok',
  about,
  check: 'server',
  message,
});

function unreachable({ name, address, config }: Node, reason: string): Finding {
  if (reason.startsWith(tlsFailed)) {
    return {
      level: 'error',
      about: name,
      check: 'certificate',
      message: `${address}: ${reason}`,
      remedy: 'Change `tls` of the node as the reason says, or the certificate of its server.',
    };
  }
  return {
    level: 'error',
    about: name,
    check: 'connection',
    message: `${address} as ${config.user}: ${reason}`,
    remedy: 'Start the server, and check the address, the account and its password.',
  };
}
