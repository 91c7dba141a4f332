import { systemClock } from '../../../src/base/clock.ts';
import { commandPacket, NodeConnection } from '../../../src/nodes/node-connection.ts';
import { ResponseCollector } from '../../../src/nodes/response-collector.ts';
import { ColumnType } from '../../../src/protocol/column-definition.ts';
import { CommandByte } from '../../../src/protocol/commands.ts';
import { encodePacket } from '../../../src/protocol/packet-writer.ts';
import type { ResponseKind } from '../../../src/protocol/response-sink.ts';
import { type BoundParameter, encodeStmtExecute } from '../../../src/protocol/stmt-execute.ts';

/** A client that binds parameters as it likes: drivers have a few types only. */
export class RawClient {
  readonly #connection: NodeConnection;

  private constructor(connection: NodeConnection) {
    this.#connection = connection;
  }

  static async connect(port: number, schema: string): Promise<RawClient> {
    const login = { user: 'root', password: 'root', schema, deprecateEof: true, foundRows: true };
    return new RawClient(
      await NodeConnection.connect({
        host: '127.0.0.1',
        port,
        connectTimeoutMs: 10_000,
        clock: systemClock,
        ...login,
      }),
    );
  }

  /** Prepares and executes; throws an error with the server's text. */
  async execute(
    sql: string,
    parameters: readonly BoundParameter[],
    longData: ReadonlyMap<number, readonly Buffer[]> = new Map(),
  ): Promise<void> {
    const prepare = commandPacket(CommandByte.STMT_PREPARE, Buffer.from(sql));
    const statementId = (await this.#answer(prepare, 'prepare')).readUInt32LE(5);
    for (const [index, pieces] of longData) {
      for (const piece of pieces) {
        const head = Buffer.alloc(6);
        head.writeUInt32LE(statementId);
        head.writeUInt16LE(index, 4);
        const body = Buffer.concat([head, piece]);
        this.#connection.sendUnanswered(commandPacket(CommandByte.STMT_SEND_LONG_DATA, body));
      }
    }
    const payload = encodeStmtExecute({
      statementId,
      parameters,
      longData: new Set(longData.keys()),
    });
    await this.#answer(encodePacket(payload, 0), 'query');
  }

  end(): void {
    this.#connection.end();
  }

  async #answer(packet: Buffer, kind: ResponseKind): Promise<Buffer> {
    const bytes = await new Promise<Buffer>((resolve, reject) => {
      const collector = new ResponseCollector((error, answer) =>
        error ? reject(error) : resolve(answer),
      );
      this.#connection.send(packet, kind, collector);
    });
    if (bytes[4] === 0xff) {
      throw Object.assign(new Error(bytes.toString('utf8', 13)), { errno: bytes.readUInt16LE(5) });
    }
    return bytes;
  }
}

const at = { kind: 'datetime', year: 2024, month: 2, day: 29 } as const;
const noon = { hour: 12, minute: 34, second: 56, microsecond: 789_012 } as const;
const midnight = { hour: 0, minute: 0, second: 0, microsecond: 0 } as const;
const ago = { kind: 'time', negative: true, days: 30, hours: 22 } as const;

/** Each a column type that takes it, and a parameter as a client could bind it. */
export const boundParameters: readonly (readonly [column: string, parameter: BoundParameter])[] = [
  ['TINYINT', { type: ColumnType.TINY, unsigned: false, value: -128 }],
  ['TINYINT UNSIGNED', { type: ColumnType.TINY, unsigned: true, value: 255 }],
  ['SMALLINT', { type: ColumnType.SHORT, unsigned: false, value: -32_768 }],
  ['SMALLINT UNSIGNED', { type: ColumnType.SHORT, unsigned: true, value: 65_535 }],
  ['INT', { type: ColumnType.LONG, unsigned: false, value: -2_147_483_648 }],
  ['INT UNSIGNED', { type: ColumnType.LONG, unsigned: true, value: 4_294_967_295 }],
  ['BIGINT', { type: ColumnType.LONGLONG, unsigned: false, value: -(2n ** 63n) }],
  ['BIGINT UNSIGNED', { type: ColumnType.LONGLONG, unsigned: true, value: 2n ** 64n - 1n }],
  ['FLOAT', { type: ColumnType.FLOAT, unsigned: false, value: Math.fround(1 / 3) }],
  ['DOUBLE', { type: ColumnType.DOUBLE, unsigned: false, value: 5e-324 }],
  ['DOUBLE', { type: ColumnType.DOUBLE, unsigned: false, value: -0 }],
  [
    'DECIMAL(40,20)',
    { type: ColumnType.NEWDECIMAL, unsigned: false, value: Buffer.from('-123456789.012345678901') },
  ],
  ['DATE', { type: ColumnType.DATE, unsigned: false, value: { ...at, ...midnight } }],
  ['DATETIME(6)', { type: ColumnType.DATETIME, unsigned: false, value: { ...at, ...noon } }],
  ['TIMESTAMP(6)', { type: ColumnType.TIMESTAMP, unsigned: false, value: { ...at, ...noon } }],
  [
    'TIME(6)',
    {
      type: ColumnType.TIME,
      unsigned: false,
      value: { ...ago, minutes: 59, seconds: 58, microseconds: 7 },
    },
  ],
  ['VARCHAR(20)', { type: ColumnType.VAR_STRING, unsigned: false, value: Buffer.from("ü'\\\0\n") }],
  ['VARBINARY(20)', { type: ColumnType.BLOB, unsigned: false, value: Buffer.of(0, 255, 39, 92) }],
  ['VARCHAR(20)', { type: ColumnType.STRING, unsigned: false, value: Buffer.from('') }],
  ['JSON', { type: ColumnType.VAR_STRING, unsigned: false, value: Buffer.from('{"ü": [1]}') }],
  ['INT', { type: ColumnType.NULL, unsigned: false, value: null }],
  ['VARCHAR(20)', { type: ColumnType.VAR_STRING, unsigned: false, value: null }],
  ['BIT(16)', { type: ColumnType.LONGLONG, unsigned: true, value: 43_690n }],
  ['VARCHAR(30)', { type: ColumnType.DOUBLE, unsigned: false, value: 0.1 }],
  ['VARCHAR(30)', { type: ColumnType.TIMESTAMP, unsigned: false, value: { ...at, ...noon } }],
];
