import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection, RowDataPacket } from 'mysql2/promise';
import { LockstepError } from '../../base/errors.ts';
import type { BalancerStatus, NodeLog, NodeStatus } from '../../http/balancer-control.ts';
import { expectEqualNodes } from '../checksums.ts';
import { connectTo } from '../connect.ts';
import type { Engine } from '../engine.ts';
import { freePorts } from '../free-port.ts';
import { LocalServer } from '../local-server.ts';
import { BalancerProcess } from './balancer-process.ts';

const nodeCount = 5;
const logLimit = 1_000;

export interface ScenarioStageOptions {
  readonly engine: Engine;
  /** The built command, `dist/cli/main.js`. */
  readonly program: string;
  readonly say: (line: string) => void;
}

/** Five real servers and a balancer in a process of its own, in a folder that goes with them. */
export class ScenarioStage {
  readonly #options: ScenarioStageOptions;
  readonly servers: LocalServer[] = [];
  #folder: string | undefined;
  #balancer: BalancerProcess | undefined;
  #port = 0;

  constructor(options: ScenarioStageOptions) {
    this.#options = options;
  }

  get balancer(): BalancerProcess {
    if (this.#balancer === undefined) throw new LockstepError('internal', 'the stage is empty');
    return this.#balancer;
  }

  /** All or the named ones. */
  serversOf(names?: readonly string[]): LocalServer[] {
    return this.servers.filter(({ name }) => names === undefined || names.includes(name));
  }

  server(name: string): LocalServer {
    const [server] = this.serversOf([name]);
    if (server === undefined) throw new LockstepError('not_found', `no server ${name}`);
    return server;
  }

  async open(): Promise<void> {
    const { engine, program, say } = this.#options;
    const folder = await mkdtemp(join(tmpdir(), 'lockstep-scenario-'));
    this.#folder = folder;
    const [port = 0, httpPort = 0, ...nodePorts] = await freePorts(2 + nodeCount);
    this.#port = port;
    say(`starting ${nodeCount} servers (${engine.name} ${engine.version}) and the balancer …`);
    for (const [index, nodePort] of nodePorts.entries()) {
      const name = `mysql${index + 1}`;
      const options = { engine, name, port: nodePort, folder: join(folder, name) };
      this.servers.push(await LocalServer.create(options));
    }
    await Promise.all(this.servers.map((server) => server.start()));
    const configFile = join(folder, 'lockstep.yaml');
    await writeFile(configFile, this.#config({ port, httpPort, folder }));
    const outputFile = join(folder, 'balancer.log');
    this.#balancer = new BalancerProcess({ program, configFile, outputFile, httpPort });
    await this.#balancer.start();
  }

  #config(places: { port: number; httpPort: number; folder: string }): string {
    return [
      `mysql: { port: ${places.port} }`,
      `http: { port: ${places.httpPort} }`,
      `log: { folder: '${join(places.folder, 'log')}' }`,
      // Every node gets its turn, so that one which must get none shows.
      'strategy: round_robin',
      // Failures are found by traffic; the checks only say soon that a node is back.
      'health: { interval: 500ms }',
      'users: [{ name: app, password: app }]',
      'nodes:',
      ...this.servers.map(
        ({ name, port }) => `  - ${name}=mysql://root:root@127.0.0.1:${port}/app`,
      ),
      '',
    ].join('\n');
  }

  /** Ends everything and removes the folder; also while it is still being opened. */
  async close(): Promise<void> {
    await this.#balancer?.kill();
    await Promise.all(this.servers.map((server) => server.kill()));
    if (this.#folder !== undefined) {
      await rm(this.#folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    }
  }

  /** A client of the balancer. */
  connect(): Promise<Connection> {
    return connectTo({ port: this.#port }, { database: 'app' });
  }

  /** Runs one statement through the balancer. */
  async run(sql: string): Promise<RowDataPacket[]> {
    const client = await this.connect();
    try {
      const [rows] = await client.query<RowDataPacket[]>(sql);
      return rows;
    } finally {
      client.destroy();
    }
  }

  /** Asks a server itself, past the balancer. */
  async ask(server: LocalServer, sql: string): Promise<string> {
    const client = await connectTo(server, { user: 'root', database: 'app' });
    try {
      const [rows] = await client.query<RowDataPacket[]>(sql);
      return JSON.stringify(rows);
    } finally {
      client.destroy();
    }
  }

  status(): Promise<BalancerStatus> {
    return this.balancer.get('/status');
  }

  async leader(): Promise<string> {
    return (await this.status()).leader ?? '';
  }

  /** Of each node what `pick` takes, by its name. */
  async nodes<T>(pick: (node: NodeStatus) => T): Promise<Record<string, T>> {
    const nodes = await this.balancer.get<readonly NodeStatus[]>('/nodes');
    return Object.fromEntries(nodes.map((node) => [node.name, pick(node)]));
  }

  /** The statements that wait for a node, oldest first. */
  async logOf(name: string): Promise<string[]> {
    const log = await this.balancer.get<NodeLog>(`/nodes/${name}/log?limit=${logLimit}`);
    return log.entries.flatMap((entry) => entry.commands.map(({ sql }) => sql));
  }

  async logs(names: readonly string[]): Promise<Record<string, string[]>> {
    const logs = names.map(async (name) => [name, await this.logOf(name)] as const);
    return Object.fromEntries(await Promise.all(logs));
  }

  /** `equal`, or how the servers differ, by checksums of every table taken from each directly. */
  async equality(names?: readonly string[]): Promise<string> {
    try {
      await expectEqualNodes(this.serversOf(names));
      return 'equal';
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
