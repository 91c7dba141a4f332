import { type NodeName, noSeq } from '../../base/brands.ts';
import type { Timer } from '../../base/clock.ts';
import { LockstepError } from '../../base/errors.ts';
import type { Node } from '../../nodes/node.ts';
import type { NodeState } from '../../nodes/node-state.ts';
import { differencesText } from './differences-text.ts';
import type { ComparedTable } from './node-contents.ts';
import type { SnapshotContext } from './snapshot.ts';
import { compareNodes } from './compare-nodes.ts';

/** Whether a node without markers may begin with a log that is still empty. */
export type Admission =
  | { readonly kind: 'admitted' }
  | { readonly kind: 'refused'; readonly reason: string };

export interface FirstStartOptions extends SnapshotContext {
  readonly nodes: ReadonlyMap<NodeName, Node>;
  /** The node that the operator says has the right data. */
  readonly source: NodeName | undefined;
}

interface Waiting {
  readonly resolve: (admission: Admission) => void;
  readonly reject: (error: unknown) => void;
}

const pollMs = 50;
/** How long nodes that can be reached wait for one of which nothing is known yet. */
const waitMaxMs = 10_000;
const out: ReadonlySet<NodeState> = new Set(['DOWN', 'DISABLED', 'QUARANTINED']);

/**
 * The first start of a cluster: its log is empty and says nothing about what the nodes hold.
 * So those that can be reached are compared before any of them serves. If they differ, the
 * operator has to say who is right; Lockstep never chooses a side by itself.
 */
export class FirstStart {
  readonly #options: FirstStartOptions;
  readonly #waiting = new Map<NodeName, Waiting>();
  readonly #unlike = new Set<NodeName>();
  #waitingSinceMs = 0;
  #comparing = false;
  #timer: Timer | undefined;
  #failure: LockstepError | undefined;

  constructor(options: FirstStartOptions) {
    this.#options = options;
  }

  /** Why the cluster cannot start: nodes_differ, or no_node when the source is not there. */
  get failure(): LockstepError | undefined {
    return this.#failure;
  }

  /** Nodes are being compared, which takes as long as their data is large. */
  get comparing(): boolean {
    return this.#comparing;
  }

  /** The operator has named a source: what the others hold may be replaced. */
  get hasSource(): boolean {
    return this.#options.source !== undefined;
  }

  /** True once for a node that was refused because it is unlike the source that was named. */
  takeUnlike(name: NodeName): boolean {
    return this.#unlike.delete(name);
  }

  /** Resolves when the node was compared; rejects when that could not be done this time. */
  admit(name: NodeName): Promise<Admission> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.size === 0) this.#waitingSinceMs = this.#options.clock.nowMs();
      this.#waiting.set(name, { resolve, reject });
      this.#look();
    });
  }

  close(): void {
    this.#timer?.cancel();
    for (const { reject } of this.#waiting.values()) reject(new Error('Lockstep stops'));
    this.#waiting.clear();
  }

  #look(): void {
    this.#timer?.cancel();
    if (this.#comparing) return;
    for (const [name, { reject }] of this.#waiting) {
      if (!this.#isOut(name)) continue;
      this.#waiting.delete(name);
      reject(new Error('the node went down'));
    }
    if (this.#waiting.size === 0) return;
    if (!this.#everyNodeIsKnown()) {
      this.#timer = this.#options.clock.after(pollMs, () => this.#look());
      return;
    }
    const compared = new Map(this.#waiting);
    this.#waiting.clear();
    this.#comparing = true;
    this.#decide([...compared.keys()])
      .then(
        (verdicts) => {
          for (const [name, { resolve }] of compared) {
            resolve(verdicts.get(name) ?? { kind: 'admitted' });
          }
        },
        (error: unknown) => {
          for (const { reject } of compared.values()) reject(error);
        },
      )
      .finally(() => {
        this.#comparing = false;
        this.#look();
      });
  }

  #isOut(name: NodeName): boolean {
    const state = this.#options.nodes.get(name)?.state;
    return state === undefined || out.has(state);
  }

  #everyNodeIsKnown(): boolean {
    const { nodes, replicator, clock } = this.#options;
    if (clock.nowMs() - this.#waitingSinceMs > waitMaxMs) return true;
    return [...nodes.keys()].every(
      (name) => this.#waiting.has(name) || replicator.inSync(name) || this.#isOut(name),
    );
  }

  /** Those that are not in the answer are admitted. */
  async #decide(names: readonly NodeName[]): Promise<ReadonlyMap<NodeName, Admission>> {
    const { nodes, replicator, source } = this.#options;
    const member = [...nodes.keys()].find((name) => replicator.inSync(name));
    const right = source ?? member;
    if (right !== undefined && right !== member && !names.includes(right)) {
      this.#failure = new LockstepError('no_node', `the source ${right} does not answer`);
      return refuseAll(names, `the source ${right} does not answer`);
    }
    const compared = [...nodes.values()].filter(
      ({ name }) => names.includes(name) || name === right,
    );
    if (compared.length === 1) return new Map();
    const found = await compareNodes(this.#options, compared);
    // Only an empty log tells a node everything that it lacks.
    if (found.seq > noSeq) return refuseAll(names, 'the cluster has written since it started');
    if (found.equal) return new Map();
    if (right === undefined) return this.#refuseToChoose(names, found.tables);
    return this.#compareWith(right, names, found.tables);
  }

  #refuseToChoose(
    names: readonly NodeName[],
    tables: readonly ComparedTable[],
  ): ReadonlyMap<NodeName, Admission> {
    this.#failure = new LockstepError(
      'nodes_differ',
      'the nodes hold different data, and Lockstep does not choose a side:\n' +
        differencesText(tables),
    );
    return refuseAll(names, 'the nodes held different data when they first came together');
  }

  #compareWith(
    right: NodeName,
    names: readonly NodeName[],
    tables: readonly ComparedTable[],
  ): ReadonlyMap<NodeName, Admission> {
    const verdicts = new Map<NodeName, Admission>();
    for (const name of names) {
      const unlike = tables.find(({ nodes }) => nodes[name]?.checksum !== nodes[right]?.checksum);
      if (!unlike) continue;
      const reason = `its data is not that of ${right}, first in ${unlike.schema}.${unlike.table}`;
      verdicts.set(name, { kind: 'refused', reason });
      if (this.hasSource) this.#unlike.add(name);
    }
    return verdicts;
  }
}

const refuseAll = (names: readonly NodeName[], reason: string): ReadonlyMap<NodeName, Admission> =>
  new Map(names.map((name) => [name, { kind: 'refused', reason } as const]));
