import { LockstepError } from '../base/errors.ts';
import type { ConnectionKind } from '../nodes/connection-pool.ts';
import { NodeQueryError } from '../nodes/query-rows.ts';
import { Capability, has, MariadbCapability, mariadbFlags } from '../protocol/capabilities.ts';
import { type AssembledPacket, packetTooLarge } from '../protocol/command-scanner.ts';
import { CommandByte, commandName } from '../protocol/commands.ts';
import { decodeErr, encodeErr } from '../protocol/err-packet.ts';
import { filterPrepared } from '../protocol/metadata-filter.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import { plainQuery, type QueryAttribute } from '../protocol/query-attributes.ts';
import { decodeStmtSendLongData } from '../protocol/stmt-execute.ts';
import { statementIdOf } from '../protocol/statement-id.ts';
import { type Answer, SessionBroken } from './answer.ts';
import { errorPacket, isExpected } from './error-packet.ts';
import type { HeldReply } from './held-reply.ts';
import { type Beginning, type ClientWishes, initialSettings } from './initial-settings.ts';
import { killSession } from './kill-path.ts';
import type { UserChange } from './login-exchange.ts';
import { packetLimit } from './packet-limit.ts';
import { QuickCommands } from './quick-commands.ts';
import { PreparedStatements } from './prepared-statements.ts';
import { refreshStatements } from './refresh.ts';
import { runNoted } from './run-noted.ts';
import { sendAnswer, sendEof } from './send-answer.ts';
import type { SessionCore } from './session-core.ts';
import { debug, fieldList, multiStatementsOption, statistics } from './small-commands.ts';
import { useSchema } from './statement-runner.ts';
import { splitText, textRequest } from './text-command.ts';
import type { WriteRequest } from './write-request.ts';

/** The command, the statement and the parameter's number. */
const longDataBytesMin = 7;

/** What MariaDB allows a connection, so that nobody tries passwords by it. */
const refusedChangesMax = 3;

/** Commands that leave nothing of what the session had. */
const startsAfresh: ReadonlySet<number | undefined> = new Set([
  CommandByte.QUIT,
  CommandByte.RESET_CONNECTION,
  CommandByte.CHANGE_USER,
]);

export interface CommandsOptions {
  readonly core: SessionCore;
  readonly wishes: ClientWishes;
  /** Asks the client anew who it is. */
  readonly changeUser: (packet: AssembledPacket) => Promise<UserChange>;
  /** What is written next answers the next command. */
  readonly onCommand: () => void;
  /** The session is to end, by the client's wish or because it cannot go on. */
  readonly end: () => void;
}

/** What a client's commands ask for, one after another, and their answers on the wire. */
export class ClientCommands {
  /** To be asked first. */
  readonly quick: QuickCommands;
  readonly #core: SessionCore;
  readonly #prepared: PreparedStatements;
  readonly #askUser: CommandsOptions['changeUser'];
  readonly #onCommand: () => void;
  readonly #end: () => void;
  #wishes: ClientWishes;
  /** A text may hold several statements; the client can change that. */
  #multiStatements: boolean;
  #running: string | undefined;
  /** COM_CHANGE_USER that came to nothing. */
  #refusedChanges = 0;

  constructor({ core, wishes, changeUser, onCommand, end }: CommandsOptions) {
    this.#core = core;
    this.#wishes = wishes;
    this.#askUser = changeUser;
    this.#onCommand = onCommand;
    this.#end = end;
    this.#multiStatements = has(wishes.capabilities, Capability.MULTI_STATEMENTS);
    this.#prepared = new PreparedStatements(
      core.context.config.limits.preparedStatementsPerSession,
    );
    core.state.reset(initialSettings(core, wishes, 'login'));
    if (has(wishes.capabilities, Capability.OPTIONAL_RESULTSET_METADATA)) core.metadata = 'full';
    this.quick = new QuickCommands(core, this.#prepared, this);
  }

  /** The text of the statement under way. */
  get running(): string | undefined {
    return this.#running ?? this.quick.running;
  }

  /** The client may be silent as long as one at a terminal. */
  get interactive(): boolean {
    return has(this.#wishes.capabilities, Capability.INTERACTIVE);
  }

  /** Commands may carry query attributes. */
  get attributed(): boolean {
    return has(this.#wishes.capabilities, Capability.QUERY_ATTRIBUTES);
  }

  /** Tells the client that it is logged in, in the schema it asked for if it did. */
  async begin(schema: string, sequenceId: number): Promise<void> {
    const answer = await this.#enter(schema);
    this.#send(answer, sequenceId);
    if (answer.kind === 'held' && answer.reply.error) this.#end();
  }

  /** `schema` is '' for none. */
  async #enter(schema: string): Promise<Answer> {
    return schema === '' ? { kind: 'ok' } : useSchema(this.#core, schema);
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
        if (!this.attributed) return this.#query(payload, sequenceId);
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
      case CommandByte.CHANGE_USER:
        return this.#changeUser(packet);
      case CommandByte.STMT_PREPARE: {
        const bytes = await this.#prepared.prepare(this.#core, payload.toString('latin1', 1));
        const { client, metadata } = this.#core;
        client.write(metadata ? filterPrepared(bytes, metadata) : bytes);
        return;
      }
      case CommandByte.STMT_EXECUTE: {
        const write = this.#prepared.execution(this.#core, payload, this.attributed);
        this.#running = write.sql;
        return this.#reply(await this.#run(write, sequenceId, true), sequenceId);
      }
      case CommandByte.STMT_BULK_EXECUTE:
        return this.#bulkExecute(payload, sequenceId);
      case CommandByte.STMT_FETCH:
        return this.#reply(await this.#prepared.fetch(this.#core, payload), sequenceId);
      case CommandByte.STMT_SEND_LONG_DATA:
        // MariaDB says nothing of one that is too short either: its clients wait for no answer.
        if (payload.length < longDataBytesMin && this.#core.lexMode.flavor === 'mariadb') return;
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

  async #bulkExecute(payload: Buffer, sequenceId: number): Promise<void> {
    if (this.#core.lexMode.flavor !== 'mariadb') throw unknownCommand(payload);
    const { STMT_BULK_OPERATIONS } = MariadbCapability;
    const agreed = has(mariadbFlags(this.#wishes.capabilities), STMT_BULK_OPERATIONS);
    const write = this.#prepared.bulkExecution(payload, agreed);
    this.#running = write.sql;
    this.#reply(await this.#run(write, sequenceId, false), sequenceId);
  }

  /**
   * On MySQL who is refused another user is sent away. On MariaDB the session goes on as the old
   * one, in the same schema but with nothing else of what it had (seen on 10.11).
   */
  async #changeUser(packet: AssembledPacket): Promise<void> {
    const core = this.#core;
    const before = { account: core.account, schema: core.state.schema, wishes: this.#wishes };
    let sequenceId = (packet.sequenceId + 1) & 0xff;
    try {
      if (this.#refusedChanges >= refusedChangesMax) throw unknownCommand(packet.payload);
      const change = await this.#askUser(packet);
      ({ sequenceId } = change);
      if (change.kind === 'refused') throw change.error;
      await this.#becomeUser(change);
    } catch (error) {
      const goesOn = core.lexMode.flavor === 'mariadb' && (await this.#stayUser(before));
      this.fault(error, sequenceId);
      if (!goesOn) this.#end();
    }
  }

  async #becomeUser(change: Extract<UserChange, { kind: 'changed' }>): Promise<void> {
    const core = this.#core;
    core.account = change.account;
    core.horizon.told(core.context.accountChanges.seq);
    this.#wishes = { ...this.#wishes, characterSet: change.characterSet };
    core.state.useSchema('');
    await this.#startAfresh('change_user');
    const answer = await this.#enter(change.database);
    if (answer.kind === 'held' && answer.reply.error) throw refusalOf(answer.reply);
    this.#reply(answer, change.sequenceId);
  }

  /** False when the session cannot go on. */
  async #stayUser(before: {
    readonly account: ConnectionKind;
    readonly schema: string;
    readonly wishes: ClientWishes;
  }): Promise<boolean> {
    this.#refusedChanges++;
    this.#core.account = before.account;
    this.#wishes = before.wishes;
    this.#core.state.useSchema(before.schema);
    try {
      await this.#startAfresh('denied_user');
      return true;
    } catch {
      // The connection went with what it held; the client hears why it was refused.
      return false;
    }
  }

  async #startAfresh(beginning: Beginning): Promise<void> {
    // What is not read yet may be on a connection that the session gives up.
    await this.#core.diagnostics.clear(this.#core.lexMode.flavor);
    await this.#core.letGo();
    this.#core.state.reset(initialSettings(this.#core, this.#wishes, beginning));
    this.#core.autocommit = true;
    if (this.#core.metadata) this.#core.metadata = 'full';
    this.#core.lastInsertId = '0';
    this.#prepared.clear();
  }

  async #rareCommand(payload: Buffer, sequenceId: number): Promise<void> {
    // MySQL has PROCESS_INFO and REFRESH no more (seen on 9.7), nor has it PROCESS_KILL, which
    // clients of older ones still send.
    const mariadb = this.#core.lexMode.flavor === 'mariadb';
    switch (payload[0]) {
      case CommandByte.PROCESS_KILL: {
        // id u32. Source: page "COM_PROCESS_KILL".
        const id = payload.length >= 5 ? payload.readUInt32LE(1) : 0;
        return this.#reply(await killSession(this.#core, id, false), sequenceId);
      }
      case CommandByte.PROCESS_INFO:
        if (!mariadb) throw unknownCommand(payload);
        return this.#query(Buffer.from('\x03SHOW PROCESSLIST', 'latin1'), sequenceId);
      case CommandByte.STATISTICS:
        this.#core.client.write(encodePacket(statistics(this.#core), sequenceId));
        return;
      case CommandByte.DEBUG:
        return this.#reply(await debug(this.#core), sequenceId);
      case CommandByte.FIELD_LIST:
        return this.#reply(await fieldList(this.#core, payload), sequenceId);
      case CommandByte.SET_OPTION:
        this.#multiStatements = multiStatementsOption(this.#core, payload);
        return sendEof(this.#core, { capabilities: this.#wishes.capabilities, sequenceId });
      case CommandByte.REFRESH:
        if (mariadb) return this.#refresh(payload, sequenceId);
        throw unknownCommand(payload);
      default:
        throw unknownCommand(payload);
    }
  }

  /** One answer for all that it does, the error of the first that fails. */
  async #refresh(command: Buffer, sequenceId: number): Promise<void> {
    let answer: Answer = { kind: 'ok' };
    for (const sql of refreshStatements(command)) {
      this.#core.watch.end(answer);
      this.#running = sql;
      const payload = Buffer.from(`\x03${sql}`, 'latin1');
      const write = textRequest(this.#core, sql, { payload, attributes: [] });
      answer = await this.#run(write, sequenceId, false);
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
    const parts = splitText(this.#core, sql, this.#multiStatements);
    if (parts.length <= 1) {
      const write = textRequest(this.#core, parts[0] ?? sql, { payload, attributes });
      return this.#reply(await this.#run(write, sequenceId, true), sequenceId);
    }
    let nextId = sequenceId;
    for (const [index, part] of parts.entries()) {
      const write = textRequest(this.#core, part, { payload, attributes });
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

/** What a node had against a schema. */
function refusalOf({ end }: HeldReply): NodeQueryError {
  const { errno, sqlState, message } = decodeErr(end?.payload ?? Buffer.alloc(0));
  return new NodeQueryError(errno, sqlState, message);
}

function unknownCommand(payload: Buffer): LockstepError {
  const name = commandName(payload[0] ?? 0);
  const command = name === undefined ? `${payload[0]}` : `COM_${name}`;
  return new LockstepError('unknown_command', `command ${command} is not supported`);
}
