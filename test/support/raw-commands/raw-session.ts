import { setImmediate } from 'node:timers/promises';
import { Capability } from '../../../src/protocol/capabilities.ts';
import { CommandByte } from '../../../src/protocol/commands.ts';
import { decodeErr } from '../../../src/protocol/err-packet.ts';
import { encodePacket } from '../../../src/protocol/packet-writer.ts';
import { decodeStmtPrepareOk } from '../../../src/protocol/stmt-prepare-ok.ts';
import { CommandClient } from '../command-client.ts';
import type { RawCommand } from './random-commands.ts';

const prepared = ['SELECT ?', 'SELECT id FROM shared WHERE id = ?', 'DO 1'];
const answerMsMax = 20_000;

/** One session that is sent what no driver sends; it is opened again when it was closed. */
export class RawSession implements AsyncDisposable {
  readonly #port: number;
  #client: CommandClient | undefined;
  #ids: number[] = [];
  #tokens = 0;

  constructor(port: number) {
    this.#port = port;
  }

  /** What each packet of the answer is; `closed` at the end where the connection was. */
  async send(command: RawCommand): Promise<readonly string[]> {
    const client = this.#client ?? (await this.#open());
    const bytes = encodePacket(command.payload(this.#ids), 0);
    let from = 0;
    for (const length of command.pieces) {
      client.raw.bytes(bytes.subarray(from, from + length));
      from += length;
      await setImmediate();
    }
    client.raw.bytes(bytes.subarray(from));
    // What comes next would be taken for what the server asked for.
    const asks = command.name === 'CHANGE_USER';
    const told = asks ? [await this.#packet(client)] : await this.#untilToken(client);
    if (asks || told.at(-1) === undefined) await this.#close();
    return told.map((packet) => (packet ? kindOf(packet) : 'closed'));
  }

  async #open(): Promise<CommandClient> {
    const capabilities = Capability.MULTI_STATEMENTS | Capability.TRANSACTIONS;
    const client = await CommandClient.connect(this.#port, { database: 'app', capabilities });
    this.#ids = [];
    for (const sql of prepared) {
      const answer = await client.command(CommandByte.STMT_PREPARE, Buffer.from(sql));
      this.#ids.push(decodeStmtPrepareOk(answer).statementId);
      const { parameterCount, columnCount } = decodeStmtPrepareOk(answer);
      for (const count of [parameterCount, columnCount]) {
        for (let left = count > 0 ? count + 1 : 0; left > 0; left -= 1) await client.next();
      }
    }
    this.#client = client;
    return client;
  }

  /** The packets before the answer to a question that only this session asks. */
  async #untilToken(client: CommandClient): Promise<(Buffer | undefined)[]> {
    this.#tokens += 1;
    const token = `token ${this.#tokens} of ${this.#port}`;
    client.tell(CommandByte.QUERY, Buffer.from(`SELECT '${token}' AS token`));
    const told: (Buffer | undefined)[] = [];
    for (;;) {
      const packet = await this.#packet(client);
      told.push(packet);
      if (!packet) return told;
      if (packet[0] !== token.length || packet.toString('latin1', 1) !== token) continue;
      await this.#packet(client);
      // Its own: a count, a definition, an EOF, the row.
      return told.slice(0, -4);
    }
  }

  async #packet(client: CommandClient): Promise<Buffer | undefined> {
    const late = AbortSignal.timeout(answerMsMax);
    const tooLate = new Promise<never>((_, reject) => {
      late.addEventListener('abort', () => reject(new Error('no answer')));
    });
    return Promise.race([client.raw.packet(), tooLate]);
  }

  async #close(): Promise<void> {
    await this.#client?.[Symbol.asyncDispose]();
    this.#client = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

function kindOf(packet: Buffer): string {
  if (packet[0] === 0xff) return `error ${decodeErr(packet).errno}`;
  if (packet[0] === 0 && packet.length >= 7) return 'ok';
  return packet[0] === 0xfe && packet.length < 9 ? 'eof' : 'data';
}
