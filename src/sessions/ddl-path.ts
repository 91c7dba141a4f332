import { LockstepError } from '../base/errors.ts';
import { commandPacket, type NodeConnection } from '../nodes/node-connection.ts';
import type { Node } from '../nodes/node.ts';
import { CommandByte } from '../protocol/commands.ts';
import { type Answer, okAnswer } from './answer.ts';
import { bringTo, distrustState, noteCarried, PreludeOutcome } from './carry-state.ts';
import { HeldReply } from './held-reply.ts';
import type { Leadership } from '../replication/replicator.ts';
import type { DdlAnswer, DdlRun } from '../replication/shell/leader-ddl.ts';
import type { Statement } from '../sql/statement.ts';
import { LeaderRetry } from './leader-retry.ts';
import { changesAccounts, checkDdl } from './check-ddl.ts';
import { determineDdl } from './determine-ddl.ts';
import { type LeaderPins, pinWrite, setVariablesRead } from './pin-write.ts';
import { notLogged } from './not-logged.ts';
import type { SessionCore } from './session-core.ts';
import { enterSchemaGate } from './enter-gate.ts';
import type { WriteRequest } from './write-request.ts';

/** After these a table may be a view that does something, or a function do what it did not. */
const definesPrograms = /VIEW|FUNCTION|PROCEDURE|PACKAGE|TRIGGER|RENAME/;

/** DDL, and whatever else acts on a whole server: alone, on every node, exactly once. */
export async function runDdl(core: SessionCore, write: WriteRequest): Promise<Answer> {
  await checkDdl(core, write.statement, write.sql);
  // Held until the statement is logged or given up: so recovery knows when that is decided.
  const release = await enterSchemaGate(core);
  // The leader shows what it does before it is logged.
  const reopen = core.context.cache.hold();
  const { catalogue } = core.context;
  const changed = definesPrograms.test(write.statement.verb) ? catalogue.beginChange() : undefined;
  let resume: (() => void) | undefined;
  try {
    resume = await core.context.lender?.hold();
    return await runAlone(core, write);
  } finally {
    catalogue.forget();
    changed?.();
    reopen();
    resume?.();
    for (const node of core.context.nodes.values()) node.definitionsChanged();
    if (changesAccounts(write.statement)) core.context.accountChanges.changed(core.horizon.seq);
    release();
  }
}

async function runAlone(core: SessionCore, write: WriteRequest): Promise<Answer> {
  const { replicator, config, counters } = core.context;
  const retry = new LeaderRetry(core);
  for (;;) {
    const leadership = await replicator.beginTerm(config.noNodeTimeoutMs);
    core.running.check();
    const node = core.node(leadership.name);
    const reply = new HeldReply(config.limits.resultBufferBytes);
    let connection: NodeConnection | undefined;
    try {
      connection = core.pinned?.connection ?? (await core.takeConnection(node));
      // Not in the same flush: what it does cannot be undone.
      setVariablesRead(core, write.statement);
      await bringTo(connection, core.state.carried);
      const determined = await determineDdl(core, connection, write);
      const run = await runOn(core, determined, { leadership, node, connection, reply });
      switch (run.kind) {
        case 'refused':
          return { kind: 'held', reply };
        case 'not_logged':
          throw notLogged(run.error);
        case 'committed':
          counters.node(node.name).writes++;
          core.horizon.wrote(run.seq);
          core.route = { node: node.name, seq: run.seq };
          if (!reply.error) leaveDropped(core, connection, write.statement);
          return reply.ended ? { kind: 'held', reply } : okAnswer;
        case 'lost':
          throw run.error;
      }
    } catch (error) {
      core.checkPinned();
      counters.node(node.name).retries++;
      await retry.pause(leadership, error);
    } finally {
      if (connection && connection !== core.pinned?.connection) node.pool.give(connection);
    }
  }
}

/** A session whose default schema it drops itself has none then. */
function leaveDropped(core: SessionCore, connection: NodeConnection, statement: Statement): void {
  const drops = /^DROP (?:DATABASE|SCHEMA)$/.test(statement.verb);
  if (!drops || statement.schema !== core.state.schema) return;
  core.state.useSchema('');
  core.tracker?.usedSchema('');
  // A connection that the session is bound to cannot be reset: it holds its locks and tables.
  if (connection === core.pinned?.connection) noteCarried(connection, core.state.carried);
  else distrustState(connection);
}

interface DdlAttempt {
  readonly leadership: Leadership;
  readonly node: Node;
  readonly connection: NodeConnection;
  readonly reply: HeldReply;
}

function runOn(core: SessionCore, write: WriteRequest, attempt: DdlAttempt): Promise<DdlRun> {
  const { leadership, node, connection, reply } = attempt;
  const { facts } = node;
  if (!facts) throw new LockstepError('internal', `nothing is known of node ${node.name}`);
  const { pins, leaderPins } = pinWrite(core, write.statement);
  const command = {
    sql: write.sql,
    parameters: write.parameters,
    parameterOffsets: write.parameters.length > 0 ? write.statement.parameterOffsets : [],
    context: core.state.commandContext(facts),
    pins,
  };
  const execute = async (): Promise<DdlAnswer> => {
    await core.running.observe(connection, () =>
      executeOn(core, connection, write, { reply, pins: leaderPins }),
    );
    const affectedRows = Number(reply.ok?.affectedRows ?? 0);
    return { errno: reply.error?.errno ?? 0, affectedRows };
  };
  const executor = { threadId: connection.threadId, execute };
  return core.context.leaderDdl.run(leadership, command, write.statement, executor);
}

async function executeOn(
  core: SessionCore,
  connection: NodeConnection,
  write: WriteRequest,
  options: { reply: HeldReply; pins: LeaderPins },
): Promise<void> {
  const outcome = new PreludeOutcome();
  if (write.request.before) await write.request.before(connection);
  connection.flushTogether(() => {
    const pins = Buffer.from(options.pins.sql, 'latin1');
    connection.clockStopped = options.pins.stopsClock;
    connection.send(commandPacket(CommandByte.QUERY, pins), 'query', outcome);
    connection.send(write.request.packetsFor(connection), write.request.kind, options.reply);
  });
  await options.reply.done;
  const { end } = options.reply;
  if (end) {
    core.diagnostics.note(end, connection, { kind: 'kept' });
    core.diagnostics.read();
  }
  const { error } = outcome;
  if (error !== undefined) {
    connection.destroy(new Error(error));
    throw new LockstepError('internal', `the session could not be prepared: ${error}`);
  }
}
