import { LockstepError } from '../base/errors.ts';
import { commandPacket } from '../nodes/node-connection.ts';
import { Capability, has } from '../protocol/capabilities.ts';
import { type AssembledPacket, packetTooLarge } from '../protocol/command-scanner.ts';
import { CommandByte, commandName } from '../protocol/commands.ts';
import { encodeErr } from '../protocol/err-packet.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import { plainQuery, type QueryAttribute } from '../protocol/query-attributes.ts';
import { decodeStmtSendLongData } from '../protocol/stmt-execute.ts';
import { statementIdOf } from '../protocol/statement-id.ts';
import { replaceConnectionId } from '../sql/connection-id.ts';
import { commentBehind, splitStatements } from '../sql/split-statements.ts';
import { type Answer, SessionBroken } from './answer.ts';
import { errorPacket, isExpected } from './error-packet.ts';
import { type Beginning, type ClientWishes, initialSettings } from './initial-settings.ts';
import { killSession } from './kill-path.ts';
import type { ChangedUser } from './login-exchange.ts';
import { plainRequest } from './node-request.ts';
import { packetLimit } from './packet-limit.ts';
import { PreparedStatements } from './prepared-statements.ts';
import { refreshStatements } from './refresh.ts';
import { runNoted } from './run-noted.ts';
import { sendAnswer, sendEof } from './send-answer.ts';
import type { SessionCore } from './session-core.ts';
import { debug, fieldList, multiStatementsOption, statistics } from './small-commands.ts';
import { useSchema } from './statement-runner.ts';
import { syntaxError } from './syntax-error.ts';
import type { WriteRequest } from './write-request.ts';

/** Commands that leave nothing of what the session had. */
const startsAfresh: ReadonlySet<number | undefined> = new Set([
  CommandByte.QUIT,
  CommandByte.RESET_CONNECTION,
  CommandByte.CHANGE_USER,
]);

export interface CommandsOptions {
  readonly core: SessionCore;
  readonly wishes: ClientWishes;
  /** Logs the client in anew; undefined when it was denied, and told so. */
  readonly changeUser: (packet: AssembledPacket) => Promise<ChangedUser | undefined>;
  /** What is written next answers the next command. */
  readonly onCommand: () => void;
  /** The session is to end, by the client's wish or because it cannot go on. */
  readonly end: () => void;
}

/** What a client's commands ask for, one after another, and their answers on the wire. */
export class ClientCommands {
  readonly #core: SessionCore;
  readonly #prepared: PreparedStatements;
  readonly #changeUser: CommandsOptions['changeUser'];
  readonly #onCommand: () => void;
  readonly #end: () => void;
  #wishes: ClientWishes;
  /** A text may hold several statements; the client can change that. */
  #multiStatements: boolean;
  #running: string | undefined;

  constructor({ core, wishes, changeUser, onCommand, end }: CommandsOptions) {
    this.#core = core;
    this.#wishes = wishes;
    this.#changeUser = changeUser;
    this.#onCommand = onCommand;
    this.#end = end;
    this.#multiStatements = has(wishes.capabilities, Capability.MULTI_STATEMENTS);
    this.#prepared = new PreparedStatements(
      core.context.config.limits.preparedStatementsPerSession,
    );
    core.state.reset(initialSettings(core, wishes, 'login'));
  }

  /** The text of the statement under way. */
  get running(): string | undefined {
    return this.#running;
  }

  /** The client may be silent as long as one at a terminal. */
  get interactive(): boolean {
    return has(this.#wishes.capabilities, Capability.INTERACTIVE);
  }

  /** Commands may carry query attributes. */
  get #attributes(): boolean {
    return has(this.#wishes.capabilities, Capability.QUERY_ATTRIBUTES);
  }

  /** Tells the client that it is logged in, in the schema it asked for if it did. */
  async begin(schema: string, sequenceId: number): Promise<void> {
    const answer: Answer = schema === '' ? { kind: 'ok' } : await useSchema(this.#core, schema);
    this.#send(answer, sequenceId);
    if (answer.kind === 'held' && answer.reply.error) this.#end();
  }

  /** Runs one command; what it fails with is the client's answer. */
  async run(packet: AssembledPacket): Promise<void> {
    try {
      await this.#command(packet);
    } catch (error) {
      this.fault(error, (packet.sequenceId + 1) & 0xff);
    }
    this.#prepared.closeEndedCursors();
    this.#running = undefined;
  }

  /** Nothing that was prepared is needed any more. */
  clear(): void {
    this.#prepared.clear();
  }

  /** Tells the client what went wrong, with which the session may have to end. */
  fault(error: unknown, firstId: number): void {
    this.#core.watch.fail(error);
    const sequenceId = this.#core.takeSequenceId(firstId);
    if (error instanceof SessionBroken) {
      this.#core.client.destroy();
      this.#end();
      return;
    }
    const packet = errorPacket(error);
    this.#core.diagnostics.noteError(packet);
    this.#core.lastError = error;
    if (error instanceof LockstepError) this.#core.context.counters.error(error.code);
    if (!this.#core.client.destroyed) {
      this.#core.client.write(encodePacket(encodeErr(packet), sequenceId));
    }
    if (!isExpected(error)) {
      this.#core.context.onFault(error);
      this.#end();
    }
  }

  async #command(packet: AssembledPacket): Promise<void> {
    const { payload } = packet;
    const sequenceId = (packet.sequenceId + 1) & 0xff;
    this.#onCommand();
    if (packet.oversized) throw packetTooLarge(packetLimit(this.#core.context));
    if (!startsAfresh.has(payload[0])) this.#core.checkPinned();
    switch (payload[0]) {
      case CommandByte.QUERY: {
        if (!this.#attributes) return this.#query(payload, sequenceId);
        const plain = plainQuery(payload);
        return this.#query(plain.payload, sequenceId, plain.attributes);
      }
      case CommandByte.PING:
        return this.#reply({ kind: 'ok' }, sequenceId);
      case CommandByte.QUIT:
        return this.#end();
      case CommandByte.INIT_DB:
        return this.#reply(await useSchema(this.#core, payload.toString('latin1', 1)), sequenceId);
      case CommandByte.RESET_CONNECTION:
        await this.#startAfresh('reset');
        return this.#reply({ kind: 'ok' }, sequenceId);
      case CommandByte.CHANGE_USER: {
        const changed = await this.#changeUser(packet);
        return changed && this.#becomeUser(changed);
      }
      case CommandByte.STMT_PREPARE: {
        const bytes = await this.#prepared.prepare(this.#core, payload.toString('latin1', 1));
        this.#core.client.write(bytes);
        return;
      }
      case CommandByte.STMT_EXECUTE: {
        const write = this.#prepared.execution(this.#core, payload, this.#attributes);
        this.#running = write.sql;
        return this.#reply(await this.#run(write, sequenceId, true), sequenceId);
      }
      case CommandByte.STMT_FETCH:
        return this.#reply(await this.#prepared.fetch(payload), sequenceId);
      case CommandByte.STMT_SEND_LONG_DATA:
        return this.#prepared.addLongData(
          decodeStmtSendLongData(payload),
          packetLimit(this.#core.context),
        );
      case CommandByte.STMT_RESET:
        this.#prepared.reset(statementIdOf(payload));
        return this.#reply({ kind: 'ok' }, sequenceId);
      case CommandByte.STMT_CLOSE:
        return this.#prepared.close(statementIdOf(payload));
      default:
        return this.#rareCommand(payload, sequenceId);
    }
  }

  async #becomeUser(changed: ChangedUser): Promise<void> {
    this.#core.account = changed.account;
    this.#core.horizon.wrote(this.#core.context.accountChanges.seq);
    this.#wishes = { ...this.#wishes, characterSet: changed.characterSet };
    this.#core.state.useSchema('');
    try {
      await this.#startAfresh('change_user');
      await this.begin(changed.database, changed.sequenceId);
    } catch (error) {
      this.fault(error, changed.sequenceId);
      this.#end();
    }
  }

  async #startAfresh(beginning: Beginning): Promise<void> {
    await this.#core.letGo();
    this.#core.state.reset(initialSettings(this.#core, this.#wishes, beginning));
    this.#core.autocommit = true;
    this.#core.lastInsertId = '0';
    this.#core.diagnostics.clear();
    this.#prepared.clear();
  }

  async #rareCommand(payload: Buffer, sequenceId: number): Promise<void> {
    switch (payload[0]) {
      case CommandByte.PROCESS_KILL: {
        // id u32. Source: page "COM_PROCESS_KILL".
        const id = payload.length >= 5 ? payload.readUInt32LE(1) : 0;
        return this.#reply(await killSession(this.#core, id, false), sequenceId);
      }
      case CommandByte.PROCESS_INFO:
        return this.#query(Buffer.from('\x03SHOW PROCESSLIST', 'latin1'), sequenceId);
      case CommandByte.STATISTICS:
        this.#core.client.write(encodePacket(statistics(this.#core), sequenceId));
        return;
      case CommandByte.DEBUG:
        return this.#reply(await debug(this.#core), sequenceId);
      case CommandByte.FIELD_LIST:
        return this.#reply(await fieldList(this.#core, payload), sequenceId);
      case CommandByte.SET_OPTION:
        this.#multiStatements = multiStatementsOption(payload);
        return sendEof(this.#core, { capabilities: this.#wishes.capabilities, sequenceId });
      case CommandByte.REFRESH:
        // MySQL has it no more, and says so.
        if (this.#core.lexMode.flavor === 'mariadb') return this.#refresh(payload, sequenceId);
        throw unknownCommand(payload);
      default:
        throw unknownCommand(payload);
    }
  }

  /** One answer for all that it does, the error of the first that fails. */
  async #refresh(payload: Buffer, sequenceId: number): Promise<void> {
    let answer: Answer = { kind: 'ok' };
    for (const sql of refreshStatements(payload)) {
      this.#core.watch.end(answer);
      this.#running = sql;
      const text = Buffer.from(`\x03${sql}`, 'latin1');
      answer = await this.#run(this.#writeRequest(sql, sql.length, text, []), sequenceId, false);
      if (answer.kind === 'held' && answer.reply.error) break;
    }
    this.#reply(answer, sequenceId);
  }

  async #query(
    payload: Buffer,
    sequenceId: number,
    attributes: readonly QueryAttribute[] = [],
  ): Promise<void> {
    const sql = payload.toString('latin1', 1);
    this.#running = sql;
    const parts = this.#split(sql);
    if (parts.length <= 1) {
      const write = this.#writeRequest(parts[0] ?? sql, sql.length, payload, attributes);
      return this.#reply(await this.#run(write, sequenceId, true), sequenceId);
    }
    let nextId = sequenceId;
    for (const [index, part] of parts.entries()) {
      const write = this.#writeRequest(part, sql.length, payload, attributes);
      const answer = await this.#run(write, nextId, false);
      nextId = this.#send(answer, nextId, index < parts.length - 1);
      if (answer.kind === 'held' && answer.reply.error) return;
      // KILL QUERY ends one statement, and the others go on if that has not failed.
      this.#core.running.begin();
    }
  }

  #run(write: WriteRequest, sequenceId: number, stream: boolean): Promise<Answer> {
    this.#core.watch.begin(write);
    const askForFile = has(this.#wishes.capabilities, Capability.LOCAL_FILES)
      ? (name: string) => this.#core.askForFile(name, sequenceId)
      : undefined;
    return runNoted(this.#core, write, { stream, askForFile });
  }

  #split(sql: string): string[] {
    const semicolon = sql.indexOf(';');
    if (semicolon < 0) return [sql];
    const spans = splitStatements(sql, this.#core.lexMode);
    const [, second] = spans;
    if (second && !this.#multiStatements) {
      throw syntaxError(sql, second.start, this.#core.lexMode.flavor);
    }
    const texts = spans.map((span) => sql.slice(span.start, span.end));
    return texts.concat(this.#multiStatements ? commentBehind(sql, spans, this.#core.lexMode) : []);
  }

  /** The client's own packet where the statement is all of it, else one of our making. */
  #writeRequest(
    text: string,
    wholeLength: number,
    payload: Buffer,
    attributes: readonly QueryAttribute[],
  ): WriteRequest {
    const sql = replaceConnectionId(text, this.#core.lexMode, this.#core.id);
    const statement = this.#core.analyse(sql);
    const packet =
      sql === text && sql.length === wholeLength
        ? encodePacket(payload, 0)
        : commandPacket(CommandByte.QUERY, Buffer.from(sql, 'latin1'));
    return { statement, sql, parameters: [], request: plainRequest(packet), attributes };
  }

  #reply(answer: Answer, sequenceId: number): void {
    this.#send(answer, sequenceId);
  }

  /** Returns the sequence id that follows. */
  #send(answer: Answer, firstId: number, moreResults = false): number {
    const sequenceId = this.#core.takeSequenceId(firstId);
    const capabilities = this.#wishes.capabilities;
    const nextId = sendAnswer(this.#core, answer, { capabilities, sequenceId, moreResults });
    this.#core.watch.end(answer);
    return nextId;
  }
}

function unknownCommand(payload: Buffer): LockstepError {
  const name = commandName(payload[0] ?? 0);
  const command = name === undefined ? `${payload[0]}` : `COM_${name}`;
  return new LockstepError('unknown_command', `command ${command} is not supported`);
}
