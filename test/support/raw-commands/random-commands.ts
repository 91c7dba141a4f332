import { seededRandom } from '../../../src/log/testing/seeded-random.ts';
import { CommandByte, type CommandName } from '../../../src/protocol/commands.ts';

/** A command as no driver sends it. */
export interface RawCommand {
  readonly name: CommandName | 'none';
  /** `ids`: of the statements that this side has prepared. */
  readonly payload: (ids: readonly number[]) => Buffer;
  /** Bytes of each piece that it is written in, header and all; the rest follows. */
  readonly pieces: readonly number[];
}

const cloneOfMysql = 0x20;
const groupReplicationOfMysql = 0x21;

/**
 * Where servers stop, wait or speak to others of their kind; COM_STATISTICS is a text, in which
 * anything may stand; and which number of a command that is none each has given to one is its own.
 */
const never: ReadonlySet<number> = new Set([
  CommandByte.QUIT,
  CommandByte.SHUTDOWN,
  CommandByte.BINLOG_DUMP,
  CommandByte.BINLOG_DUMP_GTID,
  CommandByte.REGISTER_SLAVE,
  CommandByte.STATISTICS,
  CommandByte.DAEMON,
  cloneOfMysql,
  groupReplicationOfMysql,
]);

const texts = [
  '',
  ';',
  'SELECT 1',
  'SELECT 1; SELECT 2',
  'SELECT ?',
  'SELECT \0',
  "SELECT '\xff\xfe'",
  "SELECT 'open",
  '/* open',
  'app',
  'nosuch',
  'information_schema',
  'shared\0',
  'nosuch\0',
  'shared\0%',
  '\0\0\0\0',
  'INSERT INTO app.shared VALUES (1)',
  'BEGIN',
  'ROLLBACK',
];

/** Hostile commands, by chance, from a seed. */
export class RandomCommands {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  next(): RawCommand {
    const byte = this.#byte();
    const name = names.get(byte) ?? 'none';
    const id = this.#random() < 0.7 ? this.#below(3) : undefined;
    // MariaDB counts on in the thread of a connection that was closed: a small one may be right.
    const wrongId = this.#pick([0, 0x4000_0000, 0x7fff_ffff]);
    const body = this.#body(byte);
    const pieces = this.#random() < 0.3 ? [this.#below(6), this.#below(9)] : [];
    const payload = (ids: readonly number[]): Buffer => {
      const head = Buffer.alloc(takesId.has(byte) ? 5 : 1);
      head[0] = byte;
      if (takesId.has(byte)) {
        head.writeUInt32LE((id === undefined ? undefined : ids[id]) ?? wrongId, 1);
      }
      return Buffer.concat([head, body]);
    };
    return { name, payload, pieces };
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound);
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#below(items.length)] as T;
  }

  #byte(): number {
    for (;;) {
      const byte = this.#random() < 0.8 ? this.#pick([...names.keys()]) : this.#below(256);
      if (!never.has(byte)) return byte;
    }
  }

  #body(byte: number): Buffer {
    if (byte === CommandByte.STMT_EXECUTE && this.#random() < 0.7) return this.#execution();
    if (byte === CommandByte.CHANGE_USER && this.#random() < 0.7) return this.#change();
    if (byte === CommandByte.SET_OPTION) return Buffer.from(this.#pick(options));
    const text = this.#pick(texts);
    if (this.#random() < 0.6) return Buffer.from(text, 'latin1');
    return Buffer.from(Array.from({ length: this.#below(24) }, () => this.#below(256)));
  }

  /** A user, a scramble, a schema, a character set and a plugin, cut behind any of them. */
  #change(): Buffer {
    const scramble = this.#pick(['', 'x'.repeat(20), 'y'.repeat(32)]);
    const parts = [
      `${this.#pick(['app', 'nosuch', ''])}\0`,
      String.fromCharCode(scramble.length) + scramble,
      `${this.#pick(['app', 'nosuch', ''])}\0`,
      this.#pick(['\x08\0', '\x2d\0', '\x23\0', '\xff\xff']),
      `${this.#pick(['mysql_native_password', 'caching_sha2_password', 'nosuch'])}\0`,
    ];
    const whole = this.#random() < 0.7;
    const some = whole ? parts : parts.slice(0, this.#below(parts.length));
    return Buffer.from(some.join(''), 'latin1');
  }

  /** Flags, iterations, NULL bitmap, whether types follow, a type, and a value, cut anywhere. */
  #execution(): Buffer {
    const flags = this.#pick([0, 0, 0, 1]);
    const types = this.#pick([[0], [1, 3, 0], [1, 253, 0], [1, 8, 0x80], [1, 12, 0]]);
    const value = this.#pick([[1, 0, 0, 0], [1, 65], [255], [252, 255, 255], [0], []]);
    const whole = Buffer.from([flags, 1, 0, 0, 0, this.#pick([0, 0, 1]), ...types, ...value]);
    return this.#random() < 0.5 ? whole : whole.subarray(0, this.#below(whole.length + 1));
  }
}

const options = [[], [0], [0, 0], [1, 0], [2, 0], [0, 0, 9]];

const names: ReadonlyMap<number, CommandName> = new Map(
  Object.entries(CommandByte).map(([name, byte]) => [byte, name as CommandName]),
);

const takesId: ReadonlySet<number> = new Set([
  CommandByte.STMT_EXECUTE,
  CommandByte.STMT_FETCH,
  CommandByte.STMT_RESET,
  CommandByte.STMT_CLOSE,
  CommandByte.STMT_SEND_LONG_DATA,
  CommandByte.STMT_BULK_EXECUTE,
]);
