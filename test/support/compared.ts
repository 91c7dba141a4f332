import type { Connection } from 'mysql2/promise';
import { expect } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { Engine } from '../../src/demo/engine.ts';
import type { BalancerControl } from '../../src/http/balancer-control.ts';
import type { StampedEvent } from '../../src/telemetry/events.ts';
import { startBalancer, type TestBalancer } from './balancer.ts';
import { connectTo, startServers, type TestServers } from './cluster.ts';

/** A balancer over three servers, and ways to write behind its back. */
export class Compared implements AsyncDisposable {
  readonly servers: TestServers;
  readonly lockstep: TestBalancer;
  readonly #clients: Connection[] = [];

  private constructor(servers: TestServers, lockstep: TestBalancer) {
    this.servers = servers;
    this.lockstep = lockstep;
  }

  /** Its nodes may not be up yet: `untilAllUp` within the test. */
  static async start(engine: Engine, overrides: Partial<Config> = {}): Promise<Compared> {
    const servers = await startServers({ engine, count: 3 });
    const lockstep = await startBalancer(servers, { autoResync: false, ...overrides });
    return new Compared(servers, lockstep);
  }

  get control(): BalancerControl {
    return this.lockstep.balancer.control;
  }

  get leader(): string {
    return this.control.status().leader ?? '';
  }

  /** A node that does not lead. */
  get follower(): string {
    return this.control.nodes().findLast(({ leader }) => !leader)?.name ?? '';
  }

  /** The names of all nodes but this one. */
  except(name: string): string[] {
    return this.control.nodes().flatMap((node) => (node.name === name ? [] : [node.name]));
  }

  server(name: string) {
    const found = this.servers.servers.find((one) => one.name === name);
    if (!found) throw new Error(`no server ${name}`);
    return found;
  }

  async client(): Promise<Connection> {
    const connection = await connectTo({ port: this.lockstep.port }, { database: 'app' });
    connection.on('error', () => {});
    this.#clients.push(connection);
    return connection;
  }

  /** To one node, as root. */
  async direct(name: string): Promise<Connection> {
    const connection = await connectTo(this.server(name), { user: 'root', database: 'app' });
    this.#clients.push(connection);
    return connection;
  }

  /** Statements on one node, behind the balancer's back. */
  async behind(name: string, ...statements: readonly string[]): Promise<void> {
    const root = await connectTo(this.server(name), { user: 'root', database: 'app' });
    for (const sql of statements) await root.query(sql);
    await root.end();
  }

  untilUp(name: string): Promise<void> {
    return untilInSync(this.control, name);
  }

  async untilAllUp(): Promise<void> {
    for (const { name } of this.servers.servers) await this.untilUp(name);
  }

  eventsOf(kind: StampedEvent['kind']): StampedEvent[] {
    return this.control.events.since(0).filter((event) => event.kind === kind);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.destroy();
    await this.lockstep.close();
    await this.servers.close();
  }
}

function untilInSync(control: BalancerControl, name: string): Promise<void> {
  const found = (): string => {
    const { state, inSync, reason } = control.node(name);
    return state === 'UP' && inSync ? 'in sync' : `${state}: ${reason}`;
  };
  return expect.poll(found, { timeout: 60_000, interval: 10 }).toBe('in sync');
}

/** Inserts rows by the thousand; `row` gives the values of one in SQL. */
export async function fill(
  writer: Connection,
  table: string,
  options: { readonly rows: number; readonly row: (index: number) => string },
): Promise<void> {
  for (let from = 0; from < options.rows; from += 10_000) {
    const count = Math.min(10_000, options.rows - from);
    const rows = Array.from({ length: count }, (_, index) => `(${options.row(from + index)})`);
    await writer.query(`INSERT INTO ${table} VALUES ${rows.join(',')}`);
  }
}
