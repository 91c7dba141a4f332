import { type NodeName, nodeName } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';
import type { NodeConfig } from '../config/config.ts';
import { addressOf, type MemberChange, membersOf, withChange } from '../config/member-changes.ts';
import { nodeTlsProblems } from '../config/node-tls-mode.ts';
import { parseNodeText } from '../config/node-url.ts';
import type { AddNodeRequest, RemoveNodeOptions } from '../http/balancer-control.ts';
import type { EmbeddedLog } from '../log/embedded-log.ts';
import type { MemberFile } from '../log/member-file.ts';
import type { Node } from '../nodes/node.ts';
import type { Cluster } from '../replication/shell/cluster.ts';
import {
  inspectServer,
  markServer,
  takenError,
  type WayIn,
} from '../replication/shell/inspect-server.ts';
import type { ResyncManager } from '../replication/shell/resync-manager.ts';
import type { SnapshotContext } from '../replication/shell/snapshot.ts';
import type { ReadRouter } from '../routing/read-router.ts';
import type { EventLog } from '../telemetry/event-log.ts';

export interface MembershipParts extends SnapshotContext {
  readonly nodes: Map<NodeName, Node>;
  readonly router: ReadRouter;
  readonly cluster: Cluster;
  readonly resyncs: ResyncManager;
  readonly log: EmbeddedLog;
  readonly events: EventLog;
  readonly createNode: (config: NodeConfig) => Node;
  readonly file: MemberFile;
  /** The nodes of the configuration. */
  readonly configured: readonly NodeConfig[];
  /** What was changed before this start. */
  readonly changes: readonly MemberChange[];
  readonly random: () => number;
}

const nodesMax = 64;

function nameTaken(name: NodeName): LockstepError {
  const message =
    `there is a node named ${name} already: \`lockstep nodes replace ${name} <url>\` (HTTP: PUT ` +
    `/nodes/${name}) gives it another server, and \`lockstep config set ` +
    `nodes.${name}.password=…\` another password`;
  return new LockstepError('bad_request', message, { field: 'name' });
}

/**
 * Adds, removes and replaces nodes while everything runs, one change at a time. A change is on
 * the disk before it takes effect, so that a restart finds the same members.
 */
export class Membership {
  readonly #parts: MembershipParts;
  #configured: readonly NodeConfig[];
  #changes: readonly MemberChange[];
  #changing = false;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
    this.#configured = parts.configured;
    this.#changes = parts.changes;
  }

  /** Of the members now. */
  get configs(): readonly NodeConfig[] {
    return [...this.#parts.nodes.values()].map(({ config }) => config);
  }

  /** Those that are as they are by a change while running. */
  get changedNames(): readonly NodeName[] {
    return this.#changes.map(({ name }) => name);
  }

  /** Who would be members if the configuration had these nodes. */
  wanted(configured: readonly NodeConfig[]): readonly NodeConfig[] {
    return membersOf(configured, this.#changes).nodes;
  }

  /** The configuration has these nodes from now on. Resolves with who are to be the members. */
  async adopt(configured: readonly NodeConfig[]): Promise<readonly NodeConfig[]> {
    const { nodes, changes, overruled } = membersOf(configured, this.#changes);
    if (overruled.length > 0) await this.#parts.file.write(changes);
    this.#configured = configured;
    this.#changes = changes;
    return nodes;
  }

  /** What was changed while running is kept with the settings that its nodes have now. */
  async reconfigured(configs: readonly NodeConfig[]): Promise<void> {
    const places = new Map(configs.map((node) => [node.name, node]));
    const changes = this.#changes.map((change) => {
      const node = change.node && (places.get(change.name) ?? change.node);
      return { ...change, node };
    });
    if (JSON.stringify(changes) === JSON.stringify(this.#changes)) return;
    await this.#parts.file.write(changes);
    this.#changes = changes;
  }

  /** Resolves when the node is a member and its copy or replay has begun. */
  async add(request: AddNodeRequest): Promise<void> {
    await this.join(configOf(request), request);
  }

  /** As `add`; what the server holds is lost with `resync`. */
  join(config: NodeConfig, { resync }: Pick<AddNodeRequest, 'resync'> = {}): Promise<void> {
    return this.#alone(async () => {
      const { nodes } = this.#parts;
      if (nodes.has(config.name)) {
        throw nameTaken(config.name);
      }
      if (nodes.size >= nodesMax) {
        throw new LockstepError('bad_request', `there are ${nodesMax} nodes, which is the most`);
      }
      this.#refuseTaken(config);
      const { node, way } = await this.#inspect(config, resync);
      await this.#save(config.name, config);
      await this.#join(node, way);
    });
  }

  /** Resolves when nothing goes to the node any more. */
  remove(name: string, { force }: RemoveNodeOptions): Promise<void> {
    return this.#alone(async () => {
      const node = this.#find(name);
      this.#refuseToLose(node, this.#parts.nodes.size - 1);
      if (node.state === 'DOWN' && !force) {
        throw new LockstepError(
          'conflict',
          `${name} is DOWN, so it cannot end what it is at: if it is not to come back, run ` +
            `\`lockstep nodes remove ${name} --force\` (HTTP: ?force=true)`,
        );
      }
      if (!force) await this.#takeOut(node);
      await this.#leave(node, null);
    });
  }

  /** As `add`, in the place of a node that is removed for it. */
  async replace(request: AddNodeRequest & RemoveNodeOptions): Promise<void> {
    await this.putInPlace(configOf(request), request);
  }

  /** As `replace`. */
  putInPlace(
    config: NodeConfig,
    { resync, force }: Pick<AddNodeRequest, 'resync'> & RemoveNodeOptions = {},
  ): Promise<void> {
    return this.#alone(async () => {
      const old = this.#find(config.name);
      this.#refuseTaken(config);
      this.#refuseToLose(old, this.#parts.nodes.size);
      const { node, way } = await this.#inspect(config, resync);
      if (!force && old.state !== 'DOWN') await this.#takeOut(old);
      await this.#leave(old, config);
      await this.#join(node, way);
    });
  }

  async #alone(change: () => Promise<void>): Promise<void> {
    if (this.#changing) {
      throw new LockstepError('conflict', 'another change of the nodes is under way');
    }
    this.#changing = true;
    try {
      await change();
    } finally {
      this.#changing = false;
    }
  }

  #find(name: string): Node {
    const node = this.#parts.nodes.get(nodeName(name));
    if (!node) throw new LockstepError('not_found', `there is no node named ${name}`);
    return node;
  }

  #refuseTaken(config: NodeConfig): void {
    for (const { name, config: other } of this.#parts.nodes.values()) {
      if (addressOf(other) !== addressOf(config)) continue;
      throw takenError(addressOf(config), name);
    }
  }

  /** What is left must hold all data, and be able to take writes. */
  #refuseToLose({ name }: Node, nodesLeft: number): void {
    const { replicator } = this.#parts;
    const left = replicator.inSyncCount - (replicator.inSync(name) ? 1 : 0);
    if (left === 0) {
      throw new LockstepError(
        'not_enough_in_sync',
        `no other node is in sync, so ${name} may have the only whole copy`,
      );
    }
    const needed = replicator.copiesNeeded(nodesLeft);
    if (nodesLeft >= needed && (left >= needed || !replicator.inSync(name))) return;
    throw new LockstepError(
      'not_enough_in_sync',
      `without ${name} ${left} of ${nodesLeft} nodes would be in sync, and writes need ${needed}`,
    );
  }

  async #inspect(
    config: NodeConfig,
    overwrite: boolean | undefined,
  ): Promise<{ node: Node; way: WayIn }> {
    const { createNode, log, resyncs, random, replicator } = this.#parts;
    const node = createNode(config);
    const { clusterId } = log;
    const context = {
      ...this.#parts,
      clusterId,
      source: resyncs.sourceFor(config.name),
      lockName: `lockstep.${Math.floor(random() * 2 ** 48).toString(36)}`,
      overwrite: overwrite ?? false,
    };
    try {
      const way = await inspectServer(context, node);
      await markServer(node, way, { clusterId, epoch: replicator.epoch });
      return { node, way };
    } catch (error) {
      node.destroyConnections(new Error('it is no member'));
      throw error;
    }
  }

  /** Its transactions and reads end first, so that nobody notices. */
  async #takeOut({ name, state }: Node): Promise<void> {
    const { cluster } = this.#parts;
    if (state === 'UP' || state === 'LAGGING') await cluster.drain(name);
    else await cluster.disable(name);
  }

  async #leave(node: Node, successor: NodeConfig | null): Promise<void> {
    const { cluster, router, events } = this.#parts;
    const { name, address } = node;
    try {
      await this.#save(name, successor);
    } catch (error) {
      if (node.state === 'DISABLED') cluster.enable(name);
      throw error;
    }
    await cluster.forget(name);
    router.remove(name);
    events.publish({ kind: 'node_removed', node: name, address });
  }

  async #join(node: Node, way: WayIn): Promise<void> {
    const { nodes, router, events, resyncs, cluster } = this.#parts;
    const { name, address } = node;
    nodes.set(name, node);
    router.add(name, node.weight);
    events.publish({ kind: 'node_added', node: name, address, by: way.kind });
    try {
      if (way.kind === 'copy') await resyncs.start(name);
    } catch (error) {
      // It is a member all the same, which is filled when that is possible.
      const reason = error instanceof Error ? error.message : String(error);
      cluster.quarantine(name, reason, true);
    }
    cluster.welcome(name);
  }

  async #save(name: NodeName, node: NodeConfig | null): Promise<void> {
    const { file } = this.#parts;
    const changes = withChange(this.#configured, this.#changes, { name, node });
    await file.write(changes);
    this.#changes = changes;
  }
}

/** What is asked for as a node's settings. Passwords are in no message. */
function configOf({ name, url, password }: AddNodeRequest): NodeConfig {
  const { node, problems } = parseNodeText(`${name}=${url}`);
  const wrong = node ? nodeTlsProblems(node) : problems;
  if (!node || wrong.length > 0) {
    throw new LockstepError('bad_request', `${name}: ${wrong.join('; ')}`, { field: 'url' });
  }
  if (password === undefined) return node;
  if (node.password === '') return { ...node, password };
  const message = `${name}: the password is given twice`;
  throw new LockstepError('bad_request', message, { field: 'password' });
}
