import { LockstepError } from '../base/errors.ts';
import type { ConnectionKind } from '../nodes/connection-pool.ts';
import { Capability, has } from '../protocol/capabilities.ts';
import {
  type AssembledPacket,
  isOutOfOrder,
  packetsOutOfOrder,
  packetTooLarge,
} from '../protocol/command-scanner.ts';
import { CommandByte, commandName } from '../protocol/commands.ts';
import { encodeErr } from '../protocol/err-packet.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import { plainQuery, type QueryAttribute } from '../protocol/query-attributes.ts';
import { decodeStmtSendLongData } from '../protocol/stmt-execute.ts';
import { statementIdOf } from '../protocol/statement-id.ts';
import { replaceConnectionId } from '../sql/connection-id.ts';
import { commentBehind, splitStatements } from '../sql/split-statements.ts';
import { type Answer, SessionBroken } from './answer.ts';
import { packetLimit } from './packet-limit.ts';
import { errorPacket, isExpected } from './error-packet.ts';
import { idleTimeoutMs, tellIdle } from './idle-limit.ts';
import { type Beginning, type ClientWishes, initialSettings } from './initial-settings.ts';
import { killSession } from './kill-path.ts';
import { plainRequest } from './node-request.ts';
import { syntaxError } from './syntax-error.ts';
import { PreparedStatements } from './prepared-statements.ts';
import type { SessionCore } from './session-core.ts';
import { runNoted } from './run-noted.ts';
import { sendAnswer, sendEof } from './send-answer.ts';
import type { Killing, SessionHandle } from './session-registry.ts';
import { debug, fieldList, multiStatementsOption, statistics } from './small-commands.ts';
import { useSchema } from './statement-runner.ts';
import { commandPacket } from '../nodes/node-connection.ts';
import type { WriteRequest } from './write-request.ts';

/** What COM_CHANGE_USER asked for, once the client was let in. */
export interface ChangedUser {
  readonly account: ConnectionKind;
  readonly characterSet: number;
  /** '' for none. */
  readonly database: string;
  /** Of the packet that answers. */
  readonly sequenceId: number;
}

/** Bytes of commands that wait behind the one under way. */
const queuedBytesMax = 1024 * 1024;

/** Commands that leave nothing of what the session had. */
const startsAfresh: ReadonlySet<number | undefined> = new Set([
  CommandByte.QUIT,
  CommandByte.RESET_CONNECTION,
  CommandByte.CHANGE_USER,
]);

/**
 * One client after it has logged in: takes its commands one at a time, in order, and puts the
 * answers on the wire.
 */
export class ClientSession implements SessionHandle {
  readonly core: SessionCore;
  #wishes: ClientWishes;
  readonly #prepared: PreparedStatements;
  readonly #queue: AssembledPacket[] = [];
  readonly #changeUser: (packet: AssembledPacket) => Promise<ChangedUser | undefined>;
  readonly #onCommand: () => void;
  readonly #onClosed: () => void;
  #queuedBytes = 0;
  #busy = false;
  #closed = false;
  #killed = false;
  /** A text may hold several statements; the client can change that. */
  #multiStatements: boolean;
  #running: string | undefined;
  #sinceMs: number;

  constructor(options: {
    core: SessionCore;
    wishes: ClientWishes;
    /** Logs the client in anew; undefined when it was denied, and told so. */
    changeUser: (packet: AssembledPacket) => Promise<ChangedUser | undefined>;
    /** What is written next answers the next command. */
    onCommand: () => void;
    onClosed: () => void;
  }) {
    this.core = options.core;
    this.#wishes = options.wishes;
    this.#changeUser = options.changeUser;
    this.#onCommand = options.onCommand;
    this.#multiStatements = has(options.wishes.capabilities, Capability.MULTI_STATEMENTS);
    this.#onClosed = options.onClosed;
    this.#prepared = new PreparedStatements(
      options.core.context.config.limits.preparedStatementsPerSession,
    );
    this.core.state.reset(initialSettings(options.core, options.wishes, 'login'));
    this.#sinceMs = this.core.context.clock.nowMs();
  }

  /** Commands may carry query attributes. */
  get #attributes(): boolean {
    return has(this.#wishes.capabilities, Capability.QUERY_ATTRIBUTES);
  }

  get running(): string | undefined {
    return this.#running;
  }

  get sinceMs(): number {
    return this.#sinceMs;
  }

  /** Tells the client that it is logged in, in the schema it asked for if it did. */
  async begin(schema: string, sequenceId: number): Promise<void> {
    const answer: Answer = schema === '' ? { kind: 'ok' } : await useSchema(this.core, schema);
    this.#send(answer, sequenceId);
    if (answer.kind === 'held' && answer.reply.error) this.close();
  }

  receive(packet: AssembledPacket): void {
    if (this.#closed) return;
    if (this.core.clientFile?.open) return this.core.clientFile.receive(packet);
    this.#queue.push(packet);
    this.#queuedBytes += packet.payload.length;
    // A client that sends more than it is answered is not read for a while.
    if (this.#busy && this.#queuedBytes > queuedBytesMax) this.core.client.pause();
    if (!this.#busy) void this.#work();
  }

  /** Like a server's, one that is at something hears no more of that, unless it ends itself. */
  kill({ queryOnly = false, byItself = false }: Killing): void {
    this.core.running.interrupt();
    if (queryOnly) return;
    this.#killed = true;
    if (byItself) return;
    if (this.#busy) this.core.client.destroy();
    this.close();
  }

  /**
   * The client is gone, or is to go: what runs for it is ended, and what it had open is rolled
   * back at once. Who said goodbye behind a statement still wants that to run.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#queue.some(({ payload }) => payload[0] === CommandByte.QUIT)) {
      this.core.running.abandon();
    }
    this.#queue.length = 0;
    this.core.clientFile?.abort();
    this.core.client.end();
    if (!this.#busy) void this.#release();
    this.#onClosed();
  }

  /** Ends the session when its client has been silent for longer than it may. */
  closeIfIdle(nowMs: number): void {
    if (this.#busy || this.#closed) return;
    const interactive = has(this.#wishes.capabilities, Capability.INTERACTIVE);
    if (nowMs - this.#sinceMs < idleTimeoutMs(this.core, interactive)) return;
    tellIdle(this.core);
    this.close();
  }

  async #work(): Promise<void> {
    this.#busy = true;
    for (let packet = this.#queue.shift(); packet; packet = this.#queue.shift()) {
      this.#queuedBytes -= packet.payload.length;
      if (this.#queuedBytes <= queuedBytesMax && this.core.client.isPaused()) {
        this.core.client.resume();
      }
      this.core.sessions.commands++;
      this.core.running.begin();
      this.#sinceMs = this.core.context.clock.nowMs();
      try {
        if (isOutOfOrder(packet, 0) || packet.disordered) this.#endDisordered(packet);
        else await this.#command(packet);
      } catch (error) {
        this.#fault(error, (packet.sequenceId + 1) & 0xff);
      }
      this.#prepared.closeEndedCursors();
      this.#running = undefined;
      this.#sinceMs = this.core.context.clock.nowMs();
      if (this.#killed) this.close();
      if (this.#closed) break;
    }
    this.#busy = false;
    if (this.#closed) await this.#release();
  }

  /** A server's last word has the number that was due. */
  #endDisordered({ disordered, sequenceId }: AssembledPacket): void {
    this.#fault(packetsOutOfOrder(), disordered ? (sequenceId + 1) & 0xff : 0);
    this.close();
  }

  async #release(): Promise<void> {
    this.#prepared.clear();
    try {
      await this.core.letGo();
    } catch {
      // The connection went with what it held; there is nobody left to tell.
    }
  }

  async #command(packet: AssembledPacket): Promise<void> {
    const { payload } = packet;
    const sequenceId = (packet.sequenceId + 1) & 0xff;
    this.#onCommand();
    if (packet.oversized) throw packetTooLarge(packetLimit(this.core.context));
    if (!startsAfresh.has(payload[0])) this.core.checkPinned();
    switch (payload[0]) {
      case CommandByte.QUERY: {
        if (!this.#attributes) return this.#query(payload, sequenceId);
        const plain = plainQuery(payload);
        return this.#query(plain.payload, sequenceId, plain.attributes);
      }
      case CommandByte.PING:
        return this.#reply({ kind: 'ok' }, sequenceId);
      case CommandByte.QUIT:
        return this.close();
      case CommandByte.INIT_DB:
        return this.#reply(await useSchema(this.core, payload.toString('latin1', 1)), sequenceId);
      case CommandByte.RESET_CONNECTION:
        await this.#startAfresh('reset');
        return this.#reply({ kind: 'ok' }, sequenceId);
      case CommandByte.CHANGE_USER: {
        const changed = await this.#changeUser(packet);
        return changed && this.#becomeUser(changed);
      }
      case CommandByte.STMT_PREPARE: {
        const bytes = await this.#prepared.prepare(this.core, payload.toString('latin1', 1));
        this.core.client.write(bytes);
        return;
      }
      case CommandByte.STMT_EXECUTE: {
        const write = this.#prepared.execution(this.core, payload, this.#attributes);
        this.#running = write.sql;
        return this.#reply(await this.#run(write, sequenceId, true), sequenceId);
      }
      case CommandByte.STMT_FETCH:
        return this.#reply(await this.#prepared.fetch(payload), sequenceId);
      case CommandByte.STMT_SEND_LONG_DATA:
        return this.#prepared.addLongData(
          decodeStmtSendLongData(payload),
          packetLimit(this.core.context),
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
    this.core.account = changed.account;
    this.core.horizon.wrote(this.core.context.accountChanges.seq);
    this.#wishes = { ...this.#wishes, characterSet: changed.characterSet };
    this.core.state.useSchema('');
    try {
      await this.#startAfresh('change_user');
      await this.begin(changed.database, changed.sequenceId);
    } catch (error) {
      this.#fault(error, changed.sequenceId);
      this.close();
    }
  }

  async #startAfresh(beginning: Beginning): Promise<void> {
    await this.core.letGo();
    this.core.state.reset(initialSettings(this.core, this.#wishes, beginning));
    this.core.autocommit = true;
    this.core.lastInsertId = '0';
    this.core.diagnostics.clear();
    this.#prepared.clear();
  }

  async #rareCommand(payload: Buffer, sequenceId: number): Promise<void> {
    switch (payload[0]) {
      case CommandByte.PROCESS_KILL: {
        // id u32. Source: page "COM_PROCESS_KILL".
        const id = payload.length >= 5 ? payload.readUInt32LE(1) : 0;
        return this.#reply(await killSession(this.core, id, false), sequenceId);
      }
      case CommandByte.PROCESS_INFO:
        return this.#query(Buffer.from('\x03SHOW PROCESSLIST', 'latin1'), sequenceId);
      case CommandByte.STATISTICS:
        this.core.client.write(encodePacket(statistics(this.core), sequenceId));
        return;
      case CommandByte.DEBUG:
        return this.#reply(await debug(this.core), sequenceId);
      case CommandByte.FIELD_LIST:
        return this.#reply(await fieldList(this.core, payload), sequenceId);
      case CommandByte.SET_OPTION:
        this.#multiStatements = multiStatementsOption(payload);
        return sendEof(this.core, { capabilities: this.#wishes.capabilities, sequenceId });
      default: {
        const name = commandName(payload[0] ?? 0);
        const command = name === undefined ? `${payload[0]}` : `COM_${name}`;
        throw new LockstepError('unknown_command', `command ${command} is not supported`);
      }
    }
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
      this.core.running.begin();
    }
  }

  #run(write: WriteRequest, sequenceId: number, stream: boolean): Promise<Answer> {
    this.core.watch.begin(write);
    const askForFile = has(this.#wishes.capabilities, Capability.LOCAL_FILES)
      ? (name: string) => this.core.askForFile(name, sequenceId)
      : undefined;
    return runNoted(this.core, write, { stream, askForFile });
  }

  #split(sql: string): string[] {
    const semicolon = sql.indexOf(';');
    if (semicolon < 0) return [sql];
    const spans = splitStatements(sql, this.core.lexMode);
    const [, second] = spans;
    if (second && !this.#multiStatements) {
      throw syntaxError(sql, second.start, this.core.lexMode.flavor);
    }
    const texts = spans.map((span) => sql.slice(span.start, span.end));
    return texts.concat(this.#multiStatements ? commentBehind(sql, spans, this.core.lexMode) : []);
  }

  /** The client's own packet where the statement is all of it, else one of our making. */
  #writeRequest(
    text: string,
    wholeLength: number,
    payload: Buffer,
    attributes: readonly QueryAttribute[],
  ): WriteRequest {
    const sql = replaceConnectionId(text, this.core.lexMode, this.core.id);
    const statement = this.core.analyse(sql);
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
    const sequenceId = this.core.takeSequenceId(firstId);
    const capabilities = this.#wishes.capabilities;
    const nextId = sendAnswer(this.core, answer, { capabilities, sequenceId, moreResults });
    this.core.watch.end(answer);
    return nextId;
  }

  #fault(error: unknown, firstId: number): void {
    this.core.watch.fail(error);
    const sequenceId = this.core.takeSequenceId(firstId);
    if (error instanceof SessionBroken) {
      this.core.client.destroy();
      this.close();
      return;
    }
    const packet = errorPacket(error);
    this.core.diagnostics.noteError(packet);
    this.core.lastError = error;
    if (error instanceof LockstepError) this.core.context.counters.error(error.code);
    if (!this.core.client.destroyed) {
      this.core.client.write(encodePacket(encodeErr(packet), sequenceId));
    }
    if (!isExpected(error)) {
      this.core.context.onFault(error);
      this.close();
    }
  }
}
