import { LockstepError } from '../base/errors.ts';
import { type NodeConnection, commandPacket } from '../nodes/node-connection.ts';
import type { NodeResponseSink } from '../nodes/node-response-sink.ts';
import { CommandByte } from '../protocol/commands.ts';
import { decodeErr, type ErrPacket } from '../protocol/err-packet.ts';
import type { Terminal } from '../protocol/response-sink.ts';
import { beyondAscii, readAsUtf8 } from '../sql/name-charset.ts';
import {
  type CarriedState,
  emptyState,
  inSchema,
  isForeign,
  renderState,
  type SessionState,
} from './session-state.ts';

/** Which state each pooled connection carries; absent means a fresh session. */
const carriedBy = new WeakMap<NodeConnection, CarriedState>();

/** Collects whether statements sent ahead of the client's own have all succeeded. */
export class PreludeOutcome implements NodeResponseSink {
  #failure: ErrPacket | undefined;

  get error(): string | undefined {
    return this.#failure?.message;
  }

  get failure(): ErrPacket | undefined {
    return this.#failure;
  }

  onData(): void {}

  onTerminal(terminal: Terminal): void {
    if (terminal.type === 'err') this.#failure ??= decodeErr(terminal.payload);
  }

  onLocalInfile(): void {}

  onLost(): void {}
}

/** False when a connection cannot be brought to `state` and another must be taken. */
export function canCarry(connection: NodeConnection, state: CarriedState): boolean {
  const current = carriedBy.get(connection) ?? emptyState;
  // What a reset leaves of them is not the same on every server.
  for (const [kind, sql] of current.replayed) if (state.replayed.get(kind) !== sql) return false;
  // No command returns a session to having no default schema.
  return state.schema !== '' || current.schema === '';
}

/** Whether the connection has a default schema. */
export const isInSchema = (connection: NodeConnection): boolean =>
  (carriedBy.get(connection) ?? emptyState).schema !== '';

/** Not all that is raised there may be kept (`max_error_count`). */
export const limitsConditions = (connection: NodeConnection): boolean =>
  carriedBy.get(connection)?.settings.has('max_error_count') ?? false;

/** `state`, but in the schema that the connection is in: for COM_INIT_DB, which names another. */
export function inSchemaOf(connection: NodeConnection, state: CarriedState): CarriedState {
  return inSchema(state, (carriedBy.get(connection) ?? emptyState).schema);
}

/**
 * Sends what brings the connection to `state`, ahead of the client's command and in the same
 * flush; undefined when it carries that state already. The caller looks at the outcome when
 * the client's own answer arrives: an error there means that the answer is not to be used.
 *
 * `leaves`: the command is COM_INIT_DB, so the connection stays in the schema that it is in, which
 * may be dropped by now.
 */
export function sendState(
  connection: NodeConnection,
  wanted: CarriedState,
  { leaves = false } = {},
): PreludeOutcome | undefined {
  const state = leaves ? inSchemaOf(connection, wanted) : wanted;
  const current = carriedBy.get(connection) ?? emptyState;
  if (current.key === state.key) return startClock(connection, state);
  const outcome = new PreludeOutcome();
  const resets = !overrides(state, current);
  if (resets) {
    connection.send(
      commandPacket(CommandByte.RESET_CONNECTION, Buffer.alloc(0)),
      'simple',
      outcome,
    );
    connection.preparedStatements.clear();
    connection.preparedText = undefined;
    connection.clockStopped = false;
    insertIdOn.delete(connection);
  }
  const send = (command: number, text: string): void => {
    const packet = commandPacket(command, Buffer.from(text, 'latin1'));
    connection.send(packet, command === CommandByte.QUERY ? 'query' : 'simple', outcome);
  };
  // A change of schema sets variables of its own, which a reset returns to the server's defaults:
  // character_set_database. A name beyond ASCII needs the character set that it is in.
  const returns = resets && isSchema(state.schema);
  const moves = !leaves && (returns || state.schema !== current.schema);
  const foreign = isForeign(state);
  const movesLast = moves && beyondAscii(state.schema) && !foreign;
  if (moves && foreign) send(CommandByte.QUERY, `SET ${readAsUtf8}`);
  if (moves && !movesLast) send(CommandByte.INIT_DB, state.schema);
  startClock(connection, state, outcome);
  for (const sql of renderState(state)) send(CommandByte.QUERY, sql);
  if (movesLast) send(CommandByte.INIT_DB, state.schema);
  for (const sql of state.replayed.values()) send(CommandByte.QUERY, sql);
  noteCarried(connection, leaves && returns ? inSchema(state, someSchema) : state);
  return outcome;
}

/** Has the clock go on, or stand where the session has it; undefined where it does. */
function startClock(
  connection: NodeConnection,
  { settings }: CarriedState,
  outcome = new PreludeOutcome(),
): PreludeOutcome | undefined {
  if (!connection.clockStopped) return undefined;
  connection.clockStopped = false;
  const sql = `SET timestamp=${settings.get('timestamp') ?? 'DEFAULT'}`;
  connection.send(commandPacket(CommandByte.QUERY, Buffer.from(sql, 'latin1')), 'query', outcome);
  return outcome;
}

/** LAST_INSERT_ID() of connections where it may be another than 0; `?` if that is not known. */
const insertIdOn = new WeakMap<NodeConnection, string>();

export function noteInsertIdOn(connection: NodeConnection, id: string): void {
  if (id === '0') insertIdOn.delete(connection);
  else insertIdOn.set(connection, id);
}

/** A view or a program could show this session the id of another one. */
export function holdsOtherInsertId(connection: NodeConnection, own: string): boolean {
  const held = insertIdOn.get(connection);
  return held !== undefined && held !== own;
}

/** The connection is known to carry this state, because the state was set and read on it. */
export function noteCarried(connection: NodeConnection, state: CarriedState): void {
  carriedBy.set(connection, state);
  connection.stateKey = state.key;
}

/**
 * What held for one use was used, on this connection: it is as the session is. Were it not noted,
 * the next statement would reset it, and end a transaction or lose a temporary table.
 */
export function noteUsed(
  { state }: { readonly state: SessionState },
  connection: NodeConnection,
  ...names: readonly string[]
): void {
  if (state.used(...names)) noteCarried(connection, state.carried);
}

/** No schema has this name. */
const someSchema = '\0';

const isSchema = (name: string): boolean => name !== '' && name !== someSchema;

/**
 * The connection's state is not what was thought: the next use resets it. Nor is its schema, which
 * may still be that of the session before.
 */
export function distrustState(connection: NodeConnection): void {
  const { replayed } = carriedBy.get(connection) ?? emptyState;
  const settings = new Map([['?', '?']]);
  carriedBy.set(connection, { ...emptyState, key: '?', settings, schema: someSchema, replayed });
  connection.stateKey = '?';
}

/** ER_BAD_DB_ERROR: the session's schema was dropped meanwhile. */
const unknownSchema = 1049;

/** What the client is told of state that the connection could not be brought to. */
export function stateRefused(
  connection: NodeConnection,
  outcomes: readonly (PreludeOutcome | undefined)[],
): LockstepError {
  distrustState(connection);
  const { errno, message } = outcomes.find((outcome) => outcome?.failure)?.failure ?? {};
  if (errno === unknownSchema) return new LockstepError('unknown_schema', `${message}`);
  const reason = `the session's state could not be restored on a node: ${message}`;
  return new LockstepError('internal', reason);
}

/** Brings the connection to `state`, and waits until it is. */
export async function bringTo(connection: NodeConnection, state: CarriedState): Promise<void> {
  const outcome = sendState(connection, state);
  if (!outcome) return;
  await connection.command(CommandByte.PING, Buffer.alloc(0), 'simple');
  if (outcome.error !== undefined) throw stateRefused(connection, [outcome]);
}

/** True when setting all of `next` leaves nothing of `current` behind. */
function overrides(next: CarriedState, current: CarriedState): boolean {
  for (const name of current.settings.keys()) if (!next.settings.has(name)) return false;
  for (const [name, literal] of current.userVariables) {
    const wanted = next.userVariables.get(name);
    if (wanted === undefined || (isNull.test(wanted) && wanted !== literal)) return false;
  }
  return true;
}

/** MySQL leaves a variable that is set to NULL the collation that it had (seen on 9.7). */
const isNull = /^(?:NULLIF\(|\(NULL\)$)/;
