import { Capability, combine, MariadbCapability } from '../../src/protocol/capabilities.ts';
import { CommandByte } from '../../src/protocol/commands.ts';
import { decodeErr } from '../../src/protocol/err-packet.ts';
import { decodeOk } from '../../src/protocol/ok-packet.ts';
import { type BulkRow, encodeStmtBulkExecute } from '../../src/protocol/testing/bulk-packet.ts';
import { CommandClient } from './command-client.ts';

/** What a client is told of a bulk execution, in a form that can be compared. */
export type BulkTold =
  | { readonly affected: string; readonly insertId: string; readonly info: string }
  | { readonly errno: number; readonly message: string }
  | { readonly rows: readonly string[] };

/** A client that executes prepared statements with many rows at once, as MariaDB's do. */
export class BulkClient implements AsyncDisposable {
  readonly commands: CommandClient;

  private constructor(commands: CommandClient) {
    this.commands = commands;
  }

  static async connect(port: number, more = 0): Promise<BulkClient> {
    const capabilities = combine(
      Capability.CONNECT_WITH_DB,
      Capability.DEPRECATE_EOF,
      Capability.MULTI_STATEMENTS,
      more,
    );
    const mariadbCapabilities = MariadbCapability.STMT_BULK_OPERATIONS;
    const options = { database: 'app', capabilities, mariadbCapabilities };
    return new BulkClient(await CommandClient.connect(port, options));
  }

  /** The server's id; throws what it refuses. */
  async prepare(sql: string): Promise<number> {
    const answer = await this.commands.command(CommandByte.STMT_PREPARE, Buffer.from(sql));
    if (answer[0] === 0xff) throw new Error(decodeErr(answer).message);
    let definitions = answer.readUInt16LE(5) + answer.readUInt16LE(7);
    for (; definitions > 0; definitions -= 1) await this.commands.next();
    return answer.readUInt32LE(1);
  }

  async bulk(sql: string, rows: readonly BulkRow[]): Promise<BulkTold> {
    const statementId = await this.prepare(sql);
    const payload = encodeStmtBulkExecute({ statementId, rows });
    return this.execute(payload);
  }

  /** `payload` with its command byte. */
  async execute(payload: Buffer): Promise<BulkTold> {
    const first = await this.commands.command(payload[0] ?? 0, payload.subarray(1));
    if (first[0] === 0xff) return errorTold(first);
    if (first[0] === 0) {
      const { affectedRows, lastInsertId, info } = decodeOk(first, 0);
      return { affected: `${affectedRows}`, insertId: `${lastInsertId}`, info };
    }
    for (let columns = first[0] ?? 0; columns > 0; columns -= 1) await this.commands.next();
    const rows: string[] = [];
    for (;;) {
      const packet = await this.commands.next();
      if (packet[0] === 0xff) return errorTold(packet);
      if (packet[0] === 0xfe) return { rows };
      rows.push(packet.toString('hex'));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.commands[Symbol.asyncDispose]();
  }
}

function errorTold(packet: Buffer): BulkTold {
  const { errno, message } = decodeErr(packet);
  return { errno, message };
}
