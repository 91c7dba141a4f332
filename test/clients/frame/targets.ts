import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RowDataPacket } from 'mysql2/promise';
import type { Engine } from '../../../src/demo/engine.ts';
import type { StampedEvent } from '../../../src/telemetry/events.ts';
import { startBalancer, type TestBalancer, untilAllUp } from '../../support/balancer.ts';
import { createAuthority, type TestAuthority } from '../../support/certificates.ts';
import {
  connectTo,
  expectEqualNodes,
  startServers,
  type TestServers,
} from '../../support/cluster.ts';
import { places, type Place, type SuiteResult, type Target } from './suite.ts';

const account = 'app';
const database = 'app';
const ownSchemas = ['mysql', 'sys', 'information_schema', 'performance_schema', 'lockstep'];

interface Lockstep {
  readonly servers: TestServers;
  readonly balancer: TestBalancer;
}

/** One engine's server, and Lockstep before one and before three nodes, with equal settings. */
export class Targets implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #ports = new Map<Place, number>();
  readonly #lockstep = new Map<Place, Lockstep>();
  readonly #closing: AsyncDisposable[] = [];

  private constructor(engine: Engine) {
    this.#engine = engine;
  }

  static async start(engine: Engine): Promise<Targets> {
    const targets = new Targets(engine);
    try {
      const authority = await createAuthority('clients');
      targets.#closing.push(authority);
      const extraArguments = await settingsOf(engine, authority);
      const start = async (count: number): Promise<TestServers> => {
        const servers = await startServers({ engine, count, extraArguments });
        targets.#closing.push(servers);
        await giveAllRights(servers);
        return servers;
      };
      const alone = await start(1);
      targets.#ports.set('direct', alone.servers[0]?.port ?? 0);
      for (const [place, count] of [
        ['1 node', 1],
        ['3 nodes', 3],
      ] as const) {
        const servers = await start(count);
        // The account is that of the nodes, so that its rights and CURRENT_USER() are too.
        const balancer = await startBalancer(servers, { users: 'from_nodes' });
        targets.#closing.push(balancer);
        await untilAllUp(balancer);
        targets.#ports.set(place, balancer.port);
        targets.#lockstep.set(place, { servers, balancer });
      }
    } catch (error) {
      await targets[Symbol.asyncDispose]();
      throw error;
    }
    return targets;
  }

  /** Runs a suite at each place; behind Lockstep, the nodes must be equal afterwards. */
  async run(suite: (target: Target) => Promise<SuiteResult>): Promise<Record<Place, SuiteResult>> {
    const results = {} as Record<Place, SuiteResult>;
    for (const place of places) results[place] = await this.#runAt(place, suite);
    return results;
  }

  async #runAt(
    place: Place,
    suite: (target: Target) => Promise<SuiteResult>,
  ): Promise<SuiteResult> {
    const port = this.#ports.get(place) ?? 0;
    const lockstep = this.#lockstep.get(place);
    const before = lockstep?.balancer.balancer.control.events.lastId ?? 0;
    const folder = await mkdtemp(join(tmpdir(), 'lockstep-client-'));
    try {
      await emptyServer(port);
      const engine = this.#engine.name;
      const address = { host: '127.0.0.1', port, user: account, password: account, database };
      const result = await suite({ engine, place, folder, ...address });
      return lockstep ? withTestOfNodes(result, await accidents(lockstep, before)) : result;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#closing.toReversed()) await one[Symbol.asyncDispose]();
  }
}

/** What a suite must not do to nodes, even if all ended well. A busy machine makes them lag. */
function isAccident(event: StampedEvent): boolean {
  if (event.kind === 'node_state_changed') return event.to === 'DOWN' || event.to === 'QUARANTINED';
  return ['divergence', 'recovery_failed', 'answer_lost'].includes(event.kind);
}

/** What is wrong with the nodes, a line each. */
async function accidents({ servers, balancer }: Lockstep, after: number): Promise<string[]> {
  const { control } = balancer.balancer;
  const found: string[] = [];
  try {
    await untilAllUp(balancer);
    await expectEqualNodes(servers.servers);
  } catch (error) {
    found.push(String(error));
    for (const { name, state, reason, pending } of control.nodes()) {
      found.push(`${name} ${state} (${reason}), ${pending} pending`);
    }
  }
  const events = control.events.since(after).filter(isAccident);
  return [...found, ...events.map((event) => JSON.stringify(event))];
}

function withTestOfNodes(result: SuiteResult, found: readonly string[]): SuiteResult {
  const name = '(equal nodes)';
  return found.length === 0
    ? { ...result, passed: [...result.passed, name] }
    : { ...result, failed: [...result.failed, { name, reason: found.join('\n') }] };
}

/** MySQL makes its certificate itself, MariaDB 10.11 does not; LOAD DATA LOCAL is off in MySQL. */
async function settingsOf(engine: Engine, authority: TestAuthority): Promise<string[]> {
  const common = ['--local-infile=1'];
  if (engine.name === 'mysql') return common;
  const { key, cert } = await authority.issue('localhost', ['127.0.0.1']);
  return [...common, `--ssl-ca=${authority.ca}`, `--ssl-key=${key}`, `--ssl-cert=${cert}`];
}

async function giveAllRights({ servers }: TestServers): Promise<void> {
  for (const server of servers) {
    const root = await connectTo(server, { user: 'root' });
    await root.query(`GRANT ALL ON *.* TO ${account}@'%' WITH GRANT OPTION`);
    await root.end();
  }
}

/** Only an empty database is left beside the server's own. */
async function emptyServer(port: number): Promise<void> {
  const client = await connectTo({ port });
  const [rows] = await client.query<RowDataPacket[]>(
    'SELECT schema_name AS name FROM information_schema.schemata WHERE schema_name NOT IN (?)',
    [ownSchemas],
  );
  for (const { name } of rows) await client.query('DROP DATABASE ??', [name]);
  await client.query('CREATE DATABASE ??', [database]);
  await client.end();
}
