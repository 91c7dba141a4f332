import { LockstepError } from '../base/errors.ts';
import { commandPacket, type NodeConnection } from '../nodes/node-connection.ts';
import { CommandByte } from '../protocol/commands.ts';
import type { Answer } from './answer.ts';
import { PreludeOutcome, sendState } from './carry-state.ts';
import { HeldReply } from './held-reply.ts';
import { checkDdl } from './check-ddl.ts';
import { pinWrite } from './pin-write.ts';
import type { SessionCore } from './session-core.ts';
import { enterSchemaGate, notLogged } from './write-path.ts';
import type { WriteRequest } from './write-request.ts';

/** DDL, and whatever else acts on a whole server: alone, on every node, exactly once. */
export async function runDdl(core: SessionCore, write: WriteRequest): Promise<Answer> {
  const { replicator, config, leaderDdl, catalogue, counters } = core.context;
  checkDdl(core, write.statement, write.sql);
  for (;;) {
    const leadership = await replicator.beginTerm(config.noNodeTimeoutMs);
    const node = core.node(leadership.name);
    const release = await enterSchemaGate(core);
    try {
      if (!replicator.isCurrent(leadership)) continue;
      const facts = node.facts;
      if (!facts) throw new LockstepError('internal', `nothing is known of node ${node.name}`);
      const connection = core.pinned?.connection ?? (await core.takeConnection(node));
      const { pins, leaderPins } = pinWrite(core, write.statement);
      const reply = new HeldReply(config.limits.resultBufferBytes);
      try {
        const run = await leaderDdl.run(
          leadership,
          {
            sql: write.sql,
            parameters: write.parameters,
            parameterOffsets: write.parameters.length > 0 ? write.statement.parameterOffsets : [],
            context: core.state.commandContext(facts),
            pins,
          },
          write.statement,
          async () => {
            await executeOn(core, connection, write, { reply, pins: leaderPins });
            const affectedRows = Number(reply.ok?.affectedRows ?? 0);
            return { errno: reply.error?.errno ?? 0, affectedRows };
          },
        );
        if (run.kind === 'lost') {
          core.checkPinned();
          continue;
        }
        if (run.kind === 'not_logged') throw notLogged(run.error);
        if (run.kind === 'committed') {
          counters.node(node.name).writes++;
          core.minSeq = run.seq > core.minSeq ? run.seq : core.minSeq;
          core.route = { node: node.name, seq: run.seq };
        }
        return { kind: 'held', reply };
      } finally {
        catalogue.forget();
        if (connection !== core.pinned?.connection) node.pool.give(connection);
      }
    } finally {
      release();
    }
  }
}

async function executeOn(
  core: SessionCore,
  connection: NodeConnection,
  write: WriteRequest,
  options: { reply: HeldReply; pins: string },
): Promise<void> {
  const outcome = new PreludeOutcome();
  const carried = sendState(connection, core.state.carried);
  if (write.request.before) await write.request.before(connection);
  connection.flushTogether(() => {
    const pins = Buffer.from(options.pins, 'latin1');
    connection.send(commandPacket(CommandByte.QUERY, pins), 'query', outcome);
    connection.send(write.request.packetsFor(connection), write.request.kind, options.reply);
  });
  await options.reply.done;
  const error = carried?.error ?? outcome.error;
  if (error !== undefined) {
    connection.destroy(new Error(error));
    throw new LockstepError('internal', `the session could not be prepared: ${error}`);
  }
}
