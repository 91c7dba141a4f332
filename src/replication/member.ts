import type { NodeName, Seq } from '../base/brands.ts';
import type { Applier } from './applier.ts';
import type { FollowerPort } from './follower-port.ts';

/** A node that takes part: it leads, or its applier follows the log. */
export interface Member {
  readonly name: NodeName;
  readonly port: FollowerPort;
  readonly applier: Applier;
  /** What it missed, up to here, is applied and compared before it serves, however new it is. */
  readonly missedUpTo: Seq;
  inSync: boolean;
}
