import type { NodeConnection } from '../nodes/node-connection.ts';
import type { Node } from '../nodes/node.ts';
import type { OkPacket } from '../protocol/ok-packet.ts';
import type { Command, Pins } from '../replication/command.ts';
import type { Statement } from '../sql/statement.ts';
import { noteInsertIdOn, noteUsed } from './carry-state.ts';
import { commandResult } from './command-result.ts';
import type { KnownWrite } from './known-write.ts';
import type { SessionCore } from './session-core.ts';

/** A plain write that the leader has run. */
export interface PlainWrite {
  readonly statement: Statement;
  readonly sql: string;
  /** The id in its answer, if there is one, is the server's. */
  readonly generates: boolean;
  readonly known: KnownWrite;
  readonly pins: Pins;
  readonly node: Node;
  readonly connection: NodeConnection;
}

/** The command that repeats it; the session has the id that it has generated from here on. */
export function plainWriteCommand(
  core: SessionCore,
  { statement, sql, known, generates, pins, node, connection }: PlainWrite,
  ok: OkPacket,
): Command {
  const generated = generates && ok.lastInsertId !== 0n ? String(ok.lastInsertId) : undefined;
  const { facts } = node;
  const command: Command = {
    sql,
    parameters: [],
    parameterOffsets: [],
    context: facts ? core.state.commandContext(facts) : { schema: '', settings: '' },
    pins: generated === undefined ? pins : { ...pins, insertId: generated },
    result: commandResult(core, statement, known.facts, ok),
    file: undefined,
  };
  if (generated !== undefined) {
    core.lastInsertId = generated;
    noteInsertIdOn(connection, generated);
  }
  return command;
}

/** It stays: what the session had set for its id is used up, on its connection too. */
export function noteIdUsed(core: SessionCore, connection: NodeConnection, { pins }: Command): void {
  if (pins.insertId !== undefined) noteUsed(core, connection, 'insert_id');
}

/** Of one that failed: rows before the one that did may have generated ids (seen on both). */
export function noteRefusedOn(connection: NodeConnection, { facts }: KnownWrite): void {
  if (facts.tellsInsertId) noteInsertIdOn(connection, '?');
}
