import type { Connection, RowDataPacket } from 'mysql2/promise';
import { vi } from 'vitest';
import type { Engine } from '../../../src/demo/engine.ts';
import { contentsOf, differencesOf } from './contents.ts';
import { startBalancer, type TestBalancer } from '../balancer.ts';
import { connectTo } from '../../../src/demo/connect.ts';
import { startServers, type TestServers } from '../servers.ts';

/** A statement as text, or prepared with its parameters. */
export type Step = string | readonly [sql: string, parameters: readonly unknown[]];

/** Statements to run through Lockstep, and what must be true afterwards. */
export interface DeterminismCase {
  readonly name: string;
  readonly setup?: readonly string[];
  readonly run: readonly Step[];
  /**
   * - `equal`: Lockstep refuses nothing, and every node holds the same;
   * - `refused`: Lockstep refuses at least one of `run`, and none of that one ran anywhere.
   */
  readonly expect: 'equal' | 'refused';
  readonly only?: 'mariadb' | 'mysql';
  /** A query and its one value on every node, to see that the statement did its work. */
  readonly shows?: readonly [sql: string, value: string | number | null];
  /** Server errors that are part of the case. */
  readonly errors?: readonly number[];
  /** Runs as an account that is not Lockstep's own. */
  readonly asWriter?: true;
}

interface ErrorLike {
  readonly errno?: number;
  readonly message: string;
}

const isRefusal = (error: ErrorLike): boolean => error.message.startsWith('Lockstep: ');

const writer = 'writer';

/** Three nodes and a balancer, with a schema of its own for each case. */
export class DeterminismLab {
  readonly #engine: Engine;
  readonly #extraArguments: readonly string[];
  #servers!: TestServers;
  #lockstep!: TestBalancer;
  #direct: Connection[] = [];
  #schemas = 0;
  /** The latest event that was looked at. */
  #seen = 0;

  constructor(engine: Engine, extraArguments: readonly string[] = []) {
    this.#engine = engine;
    this.#extraArguments = extraArguments;
  }

  get servers(): TestServers {
    return this.#servers;
  }

  /** The schema of the latest client. */
  get schema(): string {
    return `c${this.#schemas}`;
  }

  get port(): number {
    return this.#lockstep.port;
  }

  async open(): Promise<void> {
    this.#servers = await startServers({
      engine: this.#engine,
      count: 3,
      extraArguments: this.#extraArguments,
    });
    this.#lockstep = await startBalancer(this.#servers, {
      users: [
        { name: 'root', password: 'root' },
        { name: writer, password: writer },
      ],
      // On a busy machine a node may be late without anything being wrong.
      syncTimeoutMs: 20_000,
    });
    this.#seen = 0;
    // A node that joins loses what its accounts have under way: also what is asked directly.
    await vi.waitUntil(
      () => this.#lockstep.balancer.control.nodes().every(({ state }) => state === 'UP'),
      20_000,
    );
    this.#direct = await Promise.all(
      this.#servers.servers.map((server) => connectTo(server, { user: 'root' })),
    );
    const client = await this.connect();
    await client.query(`CREATE USER ${writer}@'%' IDENTIFIED BY '${writer}'`);
    await client.query(`GRANT ALL PRIVILEGES ON *.* TO ${writer}@'%' WITH GRANT OPTION`);
    client.destroy();
  }

  async close(): Promise<void> {
    for (const connection of this.#direct) connection.destroy();
    await this.#lockstep?.close();
    await this.#servers?.close();
  }

  /** A client in a schema made for it. */
  async client(user = 'root'): Promise<Connection> {
    this.#schemas++;
    const { schema } = this;
    const connection = await this.connect(undefined, user);
    await connection.query(`CREATE DATABASE ${schema}`);
    await connection.query(`USE ${schema}`);
    return connection;
  }

  connect(database?: string, user = 'root'): Promise<Connection> {
    return connectTo(
      { port: this.port },
      {
        user,
        password: user,
        multipleStatements: true,
        ...(database === undefined ? {} : { database }),
      },
    );
  }

  /** Runs a case; throws an error that says what is not as it must be. */
  async check(theCase: DeterminismCase): Promise<void> {
    await this.#renewIfBroken();
    const client = await this.client(theCase.asWriter ? writer : 'root');
    const problems: string[] = [];
    try {
      for (const sql of theCase.setup ?? []) await client.query(sql);
      const refusals: string[] = [];
      for (const step of theCase.run) {
        const error = await attempt(client, step);
        if (error === undefined) continue;
        if (isRefusal(error)) refusals.push(error.message);
        else if (!theCase.errors?.includes(error.errno ?? 0)) {
          problems.push(`${JSON.stringify(step)}: ${error.errno} ${error.message}`);
        }
      }
      if (theCase.expect === 'equal') problems.push(...refusals);
      else if (refusals.length === 0) problems.push('nothing was refused');
      problems.push(...refusals.filter((text) => !text.includes(';') && !text.includes(':')));
    } finally {
      client.destroy();
    }
    problems.push(...(await this.differences(this.schema)));
    if (theCase.shows) problems.push(...(await this.#shown(theCase.shows)));
    if (problems.length > 0) throw new Error(problems.join('\n'));
  }

  /** After a case that went wrong the next one needs nodes that are equal. */
  async #renewIfBroken(): Promise<void> {
    const nodes = this.#lockstep.balancer.control.nodes();
    if (nodes.every((node) => node.state === 'UP')) return;
    await this.close();
    await this.open();
  }

  /**
   * What differs between the nodes in one schema, nodes that are not up, and what has differed
   * since this was asked last, though it may be mended by now.
   */
  async differences(schema: string): Promise<string[]> {
    const problems: string[] = [];
    const { events } = this.#lockstep.balancer.control;
    for (const event of events.since(this.#seen)) {
      if (event.kind === 'divergence') problems.push(`${event.node}: ${event.detail}`);
    }
    this.#seen = events.lastId;
    for (const node of this.#lockstep.balancer.control.nodes()) {
      if (node.state !== 'UP') problems.push(`${node.name} is ${node.state}: ${node.reason}`);
    }
    const contents = await Promise.all(this.#direct.map((direct) => contentsOf(direct, schema)));
    const [first] = contents;
    for (const [index, content] of contents.entries()) {
      const differences = first ? differencesOf(first, content) : [];
      problems.push(...differences.map((text) => `mysql1 and mysql${index + 1} differ in ${text}`));
    }
    return problems;
  }

  async #shown([sql, value]: readonly [string, unknown]): Promise<string[]> {
    const problems: string[] = [];
    for (const direct of this.#direct) {
      await direct.query(`USE ${this.schema}`);
      const [rows] = await direct.query<RowDataPacket[]>(sql);
      const found: unknown = Object.values(rows[0] ?? {})[0];
      if (String(found) !== String(value)) problems.push(`${sql} shows ${String(found)}`);
    }
    return problems;
  }
}

async function attempt(client: Connection, step: Step): Promise<ErrorLike | undefined> {
  try {
    if (typeof step === 'string') await client.query(step);
    else await client.execute(step[0], [...step[1]] as string[]);
    return undefined;
  } catch (error) {
    return error as ErrorLike;
  }
}
