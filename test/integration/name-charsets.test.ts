import { describe, expect, test } from 'vitest';
import { fromCharset, inCharset, nameCharsetOf } from '../../src/sql/name-charset.ts';
import { connectTo, engines, startServers } from '../support/cluster.ts';
import { extended } from '../support/extended.ts';

const codes = Array.from({ length: 0x80 }, (_, at) => (0x80 + at).toString(16));
const pairs = codes.flatMap((lead) =>
  Array.from({ length: 0xff - 0x40 }, (_, at) => lead + (0x40 + at).toString(16)),
);
const each = 1000;
/** A name may have it; what else there is in these sets are symbols, and characters of nobody. */
const isLetter = (text: string): boolean => /^[\p{L}\p{N}]$/u.test(text) && text > '\x7f';

/** Kana and Cyrillic letters behind the Chinese of big5: Node has them elsewhere. */
const isElsewhere = (charset: string, hex: string): boolean =>
  charset === 'big5' && /^c[67]/.test(hex);

describe.each(engines())('letters of names in other character sets, $name', (engine) => {
  test('are what the server takes them for, and written as it reads them', extended, async () => {
    await using servers = await startServers({ engine, count: 1 });
    await using direct = await connectTo({ port: servers.servers[0]?.port ?? 0 });
    const [sets] = (await direct.query(
      'SELECT CHARACTER_SET_NAME AS name, MAXLEN AS bytes FROM information_schema.CHARACTER_SETS',
    )) as unknown as [{ name: string; bytes: number }[]];
    const known = sets.filter(({ name }) => nameCharsetOf(name) !== undefined);
    expect(known.length).toBeGreaterThan(30);
    for (const { name, bytes } of known) {
      const read = (hex: string): string =>
        `IFNULL(HEX(CONVERT(CONVERT(X'${hex}' USING ${name}) USING utf8mb4)), '')`;
      const written = bytes === 1 ? codes : [...codes, ...pairs];
      const wrong: string[] = [];
      for (let from = 0; from < written.length; from += each) {
        const some = written.slice(from, from + each);
        const [[row = []]] = (await direct.query({
          sql: `SELECT CONCAT_WS(',', ${some.map(read).join(',')})`,
          rowsAsArray: true,
        })) as unknown as [string[][]];
        const told = row[0]?.split(',') ?? [];
        for (const [at, hex] of some.entries()) {
          const utf8 = Buffer.from(told[at] ?? '', 'hex');
          if (!isLetter(utf8.toString('utf8')) || isElsewhere(name, hex)) continue;
          const letter = utf8.toString('latin1');
          const own = Buffer.from(hex, 'hex').toString('latin1');
          if (fromCharset(own, name) !== letter) wrong.push(hex);
          else if (fromCharset(inCharset(letter, name), name) !== letter) wrong.push(`to ${hex}`);
        }
      }
      expect(wrong, name).toEqual([]);
    }
  });
});
