import { randomBytes } from 'node:crypto';
import { ClientAuthentication } from '../../../src/protocol/auth/client-auth.ts';
import { Capability } from '../../../src/protocol/capabilities.ts';
import { encodeChangeUser } from '../../../src/protocol/change-user.ts';
import { CommandByte } from '../../../src/protocol/commands.ts';
import { StatusFlag } from '../../../src/protocol/status-flags.ts';
import { encodeStmtExecute } from '../../../src/protocol/stmt-execute.ts';
import { CommandClient } from '../command-client.ts';
import { readPrepared, readResults, type ToldAnswer } from './read-answer.ts';
import type { Sent } from './step.ts';

interface Prepared {
  readonly id: number;
  readonly parameterCount: number;
}

const utf8mb4 = 45;

/** One session, of whose answers every packet is read. */
export class SessionClient implements AsyncDisposable {
  readonly #client: CommandClient;
  readonly #prepared = new Map<number, Prepared>();
  #inTransaction = false;
  #autocommit = true;

  private constructor(client: CommandClient) {
    this.#client = client;
  }

  static async connect(port: number): Promise<SessionClient> {
    const capabilities = Capability.MULTI_STATEMENTS | Capability.TRANSACTIONS;
    return new SessionClient(await CommandClient.connect(port, { database: 'app', capabilities }));
  }

  /** As the latest answer that told it said; without autocommit an error may have begun one. */
  get inTransaction(): boolean {
    return this.#inTransaction;
  }

  /** What was answered, or that there was nothing to send. */
  async send(sent: Sent): Promise<readonly string[]> {
    const answer = await this.#answer(sent);
    if (answer.statusFlags !== undefined) {
      this.#inTransaction = (answer.statusFlags & StatusFlag.IN_TRANS) !== 0;
      this.#autocommit = (answer.statusFlags & StatusFlag.AUTOCOMMIT) !== 0;
    }
    if (answer.lines.at(-1)?.startsWith('ERROR') && !this.#autocommit) this.#inTransaction = true;
    return answer.lines;
  }

  async #answer(sent: Sent): Promise<ToldAnswer> {
    switch (sent.kind) {
      case 'query':
        return this.#results(CommandByte.QUERY, Buffer.from(sent.sql));
      case 'use':
        return this.#results(CommandByte.INIT_DB, Buffer.from(sent.schema));
      case 'reset':
        this.#prepared.clear();
        return this.#results(CommandByte.RESET_CONNECTION, Buffer.alloc(0));
      case 'change_user':
        this.#prepared.clear();
        return this.#changeUser(sent.schema);
      case 'prepare':
        return this.#prepare(sent.slot, sent.sql);
      case 'execute':
        return this.#execute(sent);
      case 'close':
        await this.#close(sent.slot);
        return { lines: [], statusFlags: undefined };
    }
  }

  async #results(command: number, body: Buffer, binary = false): Promise<ToldAnswer> {
    const first = await this.#client.command(command, body);
    return readResults(first, () => this.#client.next(), binary);
  }

  async #prepare(slot: number, sql: string): Promise<ToldAnswer> {
    await this.#close(slot);
    const first = await this.#client.command(CommandByte.STMT_PREPARE, Buffer.from(sql));
    const answer = await readPrepared(first, () => this.#client.next());
    if (answer.prepared) this.#prepared.set(slot, answer.prepared);
    return answer;
  }

  async #execute({ slot, values }: Extract<Sent, { kind: 'execute' }>): Promise<ToldAnswer> {
    const prepared = this.#prepared.get(slot);
    if (!prepared) return { lines: ['nothing prepared'], statusFlags: undefined };
    const parameters = values.slice(0, prepared.parameterCount);
    const execute = encodeStmtExecute({ statementId: prepared.id, parameters });
    return this.#results(CommandByte.STMT_EXECUTE, execute.subarray(1), true);
  }

  async #close(slot: number): Promise<void> {
    const prepared = this.#prepared.get(slot);
    if (!prepared) return;
    this.#prepared.delete(slot);
    const id = Buffer.alloc(4);
    id.writeUInt32LE(prepared.id);
    this.#client.tell(CommandByte.STMT_CLOSE, id);
  }

  async #changeUser(schema: string): Promise<ToldAnswer> {
    const login = new ClientAuthentication({
      user: 'app',
      password: 'app',
      secure: false,
      random: randomBytes,
    });
    const { plugin, authResponse } = login.onGreeting(this.#client.greeting);
    const change = encodeChangeUser({
      user: 'app',
      authResponse,
      database: schema,
      characterSet: utf8mb4,
      authPlugin: plugin,
    });
    let answer = await this.#client.command(CommandByte.CHANGE_USER, change.subarray(1));
    for (;;) {
      const step = login.onPacket(answer);
      if (step.kind === 'ok' || step.kind === 'failed') {
        return readResults(answer, () => this.#client.next(), false);
      }
      if (step.kind === 'send') this.#client.reply(step.payload);
      answer = await this.#client.next();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client[Symbol.asyncDispose]();
  }
}
