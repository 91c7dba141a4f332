import { type NodeName, nodeName, type Seq } from '../../src/base/brands.ts';
import { SimulatedClock } from '../../src/health/testing/simulated-clock.ts';
import { type DiskStep, SimulatedDisk } from '../../src/log/testing/simulated-disk.ts';
import type { NodeState } from '../../src/nodes/node-state.ts';
import type { StampedEvent } from '../../src/telemetry/events.ts';
import type { LeaderCommit } from '../../src/replication/leader-transaction.ts';
import { checkServer, isFolded } from './check-server.ts';
import { inflict } from './inflict.ts';
import type { Fault } from './faults.ts';
import { countEvent, Occurrences } from './occurrences.ts';
import { Oracle, Violation } from './oracle.ts';
import { Process } from './process.ts';
import type { Random } from './random.ts';
import { Seen } from './seen.ts';
import { settlePromises } from './settle-promises.ts';
import type { Settings } from './settings.ts';
import { type SimBalancer, startBalancer } from './sim-balancer.ts';
import { SimClient } from './sim-client.ts';
import { SimServer } from './sim-server.ts';
import type { Backup } from './sim-store.ts';

const settleMs = 40_000;
const stepMs = 5;
const noteCount = 400;

interface DiskFaults {
  readonly share: number;
  readonly full: boolean;
  readonly onSyncFailed: (() => void) | undefined;
}

/** A whole cluster, its clients and its accidents, on one clock and from one seed. */
export class Simulation {
  readonly clock = new SimulatedClock({ settle: settlePromises });
  readonly oracle = new Oracle();
  readonly disk: SimulatedDisk;
  readonly servers: readonly SimServer[];
  readonly random: Random;
  readonly settings: Settings;
  /** What the log folder remembers of positions. */
  readonly positions = {
    read: () => Promise.resolve(new Map()),
    write: () => Promise.resolve(),
  };
  readonly notes: string[] = [];
  readonly occurrences = new Occurrences();
  /** All that clients were told is written. */
  readonly acknowledged = new Seen();
  readonly backups = new Map<SimServer, Backup>();
  /** When a server last ended a session that nobody asked it to end. */
  readonly endedAloneAtMs = new Map<SimServer, number>();
  /** Share of the steps of the disk that fail, and how. */
  diskFaults: DiskFaults | undefined;
  balancer: SimBalancer | undefined;
  violation: Error | undefined;
  readonly #heldUntilMs = new Map<SimServer, number>();
  readonly #acknowledged = new Map<string, Seq>();
  readonly #committing = new Set<Seq>();
  #fenced = false;
  acknowledgedCount = 0;
  #process: Process;
  #tokens = 0;
  #starting = false;
  #repaired = false;
  #admitted = false;
  #clients: SimClient[] = [];

  constructor(settings: Settings, random: Random) {
    this.settings = settings;
    this.random = random;
    this.#process = new Process(this.clock);
    this.disk = new SimulatedDisk({ random: random.next, decide: (step) => this.#diskStep(step) });
    this.servers = settings.flushAfterMs.map(
      (flushAfterMs, index) =>
        new SimServer({
          name: `node${index + 1}`,
          clock: this.clock,
          random,
          flushAfterMs,
          onCommit: (server) => this.guard(() => checkServer(server, this.oracle)),
          occurrences: this.occurrences,
        }),
    );
  }

  /** Runs it all; rejects with the first violation. */
  async run(faults: readonly Fault[]): Promise<void> {
    await this.#until(this.startBalancer());
    for (let left = 100; left > 0 && !this.#allUp(); left--) await this.#advance(50);
    this.#admitClients();
    const startMs = this.clock.nowMs();
    let next = 0;
    const endMs = startMs + this.settings.faultyMs;
    while (this.clock.nowMs() < endMs && !this.violation) {
      const fault = faults[next];
      const dueMs = startMs + (fault?.atMs ?? Number.POSITIVE_INFINITY);
      await this.#advance(Math.max(0, Math.min(dueMs, endMs) - this.clock.nowMs()));
      if (!fault || dueMs > this.clock.nowMs()) continue;
      next++;
      this.note(`fault ${fault.kind} of ${this.servers[fault.node]?.name}`);
      inflict(this, fault);
    }
    await this.#finish();
    if (this.violation) throw this.violation;
  }

  /** After the repair the clients leave room for what is to come to rest. */
  get thinkMs(): number {
    return this.settings.thinkMs * (this.#repaired ? 20 : 1);
  }

  /** Clients of the new life begin with it. */
  async startBalancer(): Promise<void> {
    if (this.#starting) return;
    this.#starting = true;
    try {
      await this.#start();
    } finally {
      this.#starting = false;
    }
  }

  async #start(): Promise<void> {
    this.#process = new Process(this.clock);
    const balancer = await startBalancer(this, this.#process);
    this.balancer = balancer;
    this.note('balancer started');
    this.#clients = Array.from(
      { length: this.settings.clients },
      (_, number) => new SimClient(this, balancer, number),
    );
    if (this.#admitted) this.#admitClients();
  }

  #admitClients(): void {
    this.#admitted = true;
    for (const client of this.#clients) {
      client.live().catch((error: unknown) => this.fault(error));
    }
  }

  /** `power`: what the disk had not confirmed may be gone too. */
  crashBalancer(power: boolean): void {
    if (!this.balancer) return;
    const { nodes } = this.balancer;
    this.balancer = undefined;
    this.#process.die();
    for (const node of nodes.values()) for (const connection of node.connections) connection.cut();
    if (power) this.disk.losePower();
    else this.disk.killProcess();
  }

  hold(server: SimServer, ms: number): void {
    this.#heldUntilMs.set(server, this.clock.nowMs() + ms);
  }

  heldUntilMs(server: SimServer): number {
    return this.#heldUntilMs.get(server) ?? 0;
  }

  nextToken(client: number): string {
    return `${++this.#tokens}c${client}`;
  }

  /** A client hears OK. */
  acknowledge(seq: Seq, statements: readonly string[]): void {
    this.acknowledgedCount += statements.length;
    for (const [key, list] of this.oracle.listsAt(seq)) this.acknowledged.add(key, list);
    if (this.oracle.isVoid(seq)) {
      this.fault(new Violation(`entry ${seq} was acknowledged, but takes no effect`));
    }
    for (const sql of statements) {
      const token = sql.split(' ').at(-1) ?? '';
      if (/^(APPEND|TAKE|COPY)/.test(sql)) this.#acknowledged.set(token, seq);
      if (/^\d/.test(token) && this.oracle.seqOf(token) !== seq) {
        this.fault(new Violation(`${sql} was acknowledged as entry ${seq}, which is not it`));
      }
    }
  }

  readonly onLaneCommit = (seq: Seq, outcome?: LeaderCommit): void => {
    if (!outcome) {
      this.#committing.add(seq);
      return;
    }
    this.#committing.delete(seq);
    if (outcome.kind === 'unknown') this.occurrences.add('the answer to a COMMIT was lost');
    else if ([...this.#committing].some((other) => other < seq)) {
      this.occurrences.add('a COMMIT overtook another');
    }
  };

  note(text: string): void {
    this.notes.push(`${this.clock.nowMs().toFixed(2)} ${text}`);
    if (this.notes.length > noteCount) this.notes.shift();
  }

  onEvent(event: StampedEvent): void {
    const { id: _, at: __, ...shown } = event;
    this.note(JSON.stringify(shown));
    countEvent(this.occurrences, event);
    if (event.kind === 'divergence') {
      this.fault(
        new Violation(`${event.node} was found diverged at ${event.seq}: ${event.detail}`),
      );
    }
  }

  onState(name: NodeName, state: NodeState, reason: string): void {
    this.note(`${name} is ${state}: ${reason}`);
    if (state === 'LAGGING') this.occurrences.add('a node lagged');
    if (state === 'QUARANTINED') this.occurrences.add('a node was quarantined');
    if (state === 'DISABLED') this.occurrences.add('a node was disabled');
  }

  fault(error: unknown): void {
    this.violation ??= error instanceof Error ? error : new Error(JSON.stringify(error));
  }

  guard(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.fault(error);
    }
  }

  #diskStep(step: DiskStep): 'no_space' | 'io_error' | undefined {
    const faults = this.diskFaults;
    if (!faults || step === 'open' || step === 'read') return undefined;
    if (faults.full) {
      if (step !== 'write') return undefined;
      this.occurrences.add('the disk was full');
      return 'no_space';
    }
    if (!this.random.chance(faults.share)) return undefined;
    if (step === 'sync_data') faults.onSyncFailed?.();
    return 'io_error';
  }

  async #advance(ms: number): Promise<void> {
    const endMs = this.clock.nowMs() + ms;
    while (this.clock.nowMs() < endMs && !this.violation) {
      await this.clock.advance(Math.min(stepMs, endMs - this.clock.nowMs()));
      this.#watchLog();
    }
  }

  #watchLog(): void {
    const fenced = this.balancer?.log.unavailable !== undefined;
    if (fenced !== this.#fenced && this.balancer) {
      this.occurrences.add(fenced ? 'the log was fenced' : 'the log was healed');
    }
    this.#fenced = fenced;
  }

  /** Lets time pass until the work is done, or too much of it has passed. */
  async #until(work: Promise<unknown>, limitMs = 50_000): Promise<void> {
    const state = { done: false };
    const finished = (): void => {
      state.done = true;
    };
    work.then(finished, (error: unknown) => {
      finished();
      this.fault(error);
    });
    const endMs = this.clock.nowMs() + limitMs;
    while (!state.done && !this.violation && this.clock.nowMs() < endMs) {
      await this.clock.advance(stepMs);
    }
    if (!state.done) this.fault(new Violation('what was begun does not end'));
  }

  /** Everything is repaired; then the cluster must come to rest with equal copies. */
  async #finish(): Promise<void> {
    this.#repaired = true;
    this.diskFaults = undefined;
    this.#heldUntilMs.clear();
    this.#process.thaw();
    for (const server of this.servers) server.process.thaw();
    await this.#advance(500);
    for (const server of this.servers) {
      server.start();
      server.slowness = 1;
      server.failing = 0;
    }
    // A start may be under way already, or be due.
    for (let left = 60; left > 0 && !this.balancer; left--) await this.#advance(50);
    if (!this.balancer && !this.violation) await this.#until(this.startBalancer());
    this.note('all is repaired');
    const endMs = this.clock.nowMs() + settleMs;
    while (!this.violation && this.clock.nowMs() < endMs) {
      await this.#advance(200);
      this.#operate();
      if (this.#allUp() || this.deadEnd) break;
    }
    if (this.violation || this.deadEnd) return;
    if (!this.#allUp()) throw new Violation(`not every node came back: ${this.#states()}`);
    await this.#lastWrites();
    await this.#untilFolded();
    if (!this.violation && !this.deadEnd) this.guard(() => this.#checkEnd());
  }

  /**
   * Every copy was found unfit, and rightly: no copy is chosen by itself, an operator must. It
   * takes a session that its server ended between the last answer and the append, or DDL that
   * the log could not take, on the last copy there was; or a copy that its server lost again
   * while the node that it was made of was made a copy itself; or a sole copy that was put back
   * from a backup older than the log.
   */
  get deadEnd(): boolean {
    const { nodes } = this.balancer!;
    const reasons = [...nodes.values()].map(
      ({ state, reason }) =>
        state === 'QUARANTINED' &&
        /it led and|a DDL statement|quarantined before|was interrupted|it needs entry/.test(reason),
    );
    return reasons.every(Boolean);
  }

  /** An operator enables what is disabled and makes a quarantined node a copy of another. */
  #operate(): void {
    const { nodes, cluster, resyncs } = this.balancer!;
    for (const server of this.servers) {
      const name = nodeName(server.name);
      const state = nodes.get(name)!.state;
      if (state === 'DISABLED') cluster.enable(name);
      if (state !== 'QUARANTINED') continue;
      if (resyncs.running(name)) continue;
      // Its resync may have failed before anything of it was touched.
      if (!resyncs.hasSource(name)) {
        if (/its resync ended early/.test(nodes.get(name)!.reason)) cluster.enable(name);
        continue;
      }
      this.note(`${name} is to be made a copy`);
      resyncs.start(name).catch((error: unknown) => this.note(String(error)));
    }
  }

  #allUp(): boolean {
    const { nodes, sequencer, replicator } = this.balancer!;
    return [...nodes.values()].every(
      (node) =>
        node.state === 'UP' &&
        replicator.inSync(node.name) &&
        (replicator.position(node.name) ?? 0) >= sequencer.lastDurable - 20,
    );
  }

  #states(): string {
    const { nodes, replicator, sequencer } = this.balancer!;
    const each = [...nodes.values()].map(
      (node) => `${node.name} ${node.state} at ${replicator.position(node.name)}`,
    );
    const leader = replicator.leadership?.name;
    return `${each.join(', ')}; log ${sequencer.lastDurable}; leader ${leader}`;
  }

  async #lastWrites(): Promise<void> {
    for (const client of this.#clients) {
      const state = { written: false };
      for (let attempts = 0; attempts < 10 && !this.violation; attempts++) {
        await this.#until(
          client.write().then((written) => {
            state.written = written;
          }),
        );
        if (state.written) break;
        if (this.deadEnd) return;
        this.#operate();
        await this.#advance(1_000);
      }
      if (!state.written) this.fault(new Violation(`no write succeeds: ${this.#states()}`));
    }
  }

  async #untilFolded(): Promise<void> {
    const { lastSeq } = this.oracle;
    const up = this.servers.filter(
      ({ name }) => this.balancer!.nodes.get(nodeName(name))?.state === 'UP',
    );
    const rest = (): SimServer | undefined => up.find((server) => !isFolded(server, lastSeq));
    for (let left = 50; left > 0 && rest() && !this.violation; left--) await this.#advance(200);
    if (rest()) this.fault(new Violation(`${rest()?.name} does not fold its markers`));
  }

  /** No client acts any more; what was acknowledged is on every node, which are all equal. */
  #checkEnd(): void {
    const { nodes } = this.balancer!;
    const found = this.oracle.allTokens();
    for (const [token, seq] of this.#acknowledged) {
      if (found.has(token)) continue;
      throw new Violation(`acknowledged entry ${seq} is lost: ${token} is in no list`);
    }
    for (const server of this.servers) {
      if (nodes.get(nodeName(server.name))?.state === 'UP') checkServer(server, this.oracle);
    }
  }
}
