import type { Node } from '../../src/nodes/node.ts';
import {
  NodeRecovery,
  type NodeRecoveryOptions,
  type RecoveredNode,
} from '../../src/replication/shell/node-recovery.ts';
import type { Simulation } from './simulation.ts';

/** The oracle hears in which order a copy has its entries that is alone. */
export class SimRecovery extends NodeRecovery {
  readonly #world: Simulation;

  constructor(world: Simulation, options: NodeRecoveryOptions) {
    super(options);
    this.#world = world;
  }

  override async examine(node: Node, options: { led: boolean }): Promise<RecoveredNode> {
    const found = await super.examine(node, options);
    const { settings, oracle } = this.#world;
    if (settings.nodes === 1 && found.kind === 'follow') {
      oracle.reorder(found.position, found.appliedBeyond);
    }
    return found;
  }
}
