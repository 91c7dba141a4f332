import type { BalancerStatus } from '../../src/http/schemas.ts';
import type { FeedConnection } from './event-feed.ts';

/** How things are, in one word; the sentence beside it is the balancer's own. */
export interface Health {
  readonly tone: 'good' | 'warn' | 'bad' | 'quiet';
  readonly word: string;
  readonly text: string;
}

/** What the line at the top says. Without a connection nothing is known, whatever was before. */
export function healthOf(
  status: BalancerStatus | undefined,
  connection: FeedConnection,
  failed: boolean,
): Health {
  if (connection.kind === 'lost' || (failed && connection.kind !== 'open')) {
    return {
      tone: 'bad',
      word: 'No connection',
      text: 'The balancer does not answer this page; trying again by itself.',
    };
  }
  if (status === undefined) return { tone: 'quiet', word: 'Connecting', text: 'to the balancer …' };
  const { nodes, log, summary, leader, differing = [] } = status;
  const inSync = nodes.filter((node) => node.inSync).length;
  if (inSync === 0) return { tone: 'bad', word: 'Not serving', text: summary };
  if (log.failure !== undefined || leader === undefined) {
    return { tone: 'bad', word: 'Writes refused', text: summary };
  }
  const needsYou = nodes.some((node) => node.needsResync || node.state === 'QUARANTINED');
  if (needsYou || differing.length > 0) {
    return { tone: 'bad', word: 'Needs you', text: summary };
  }
  // A node may be an entry behind for a moment while it is written to: that is no trouble.
  const isAside = ({ state }: BalancerStatus['nodes'][number]) => state !== 'UP';
  if (nodes.some(isAside)) {
    const word = inSync === 1 ? 'One copy left' : 'Degraded';
    return { tone: inSync === 1 && nodes.length > 1 ? 'bad' : 'warn', word, text: summary };
  }
  return { tone: 'good', word: 'All well', text: summary };
}
