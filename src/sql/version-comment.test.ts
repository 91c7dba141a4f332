import { expect, test } from 'vitest';
import { analyse } from './analyse.ts';
import { defaultLexMode, type LexMode } from './lex-mode.ts';

const mariadb: LexMode = { ...defaultLexMode, flavor: 'mariadb' };
const kindOf = (sql: string, mode: LexMode): string => analyse(sql, mode).kind;

test('what a dump begins with is a comment on every server', () => {
  const first = '/*M!999999\\- enable the sandbox mode */\n/*!40101 SET @OLD=@@sql_mode */';
  for (const mode of [mariadb, defaultLexMode, { ...mariadb, serverVersion: 101_119 }]) {
    expect(kindOf(first, mode)).toBe('set');
  }
});

test('a comment of one version is code from that version on', () => {
  const sql = '/*!80013 SET @a = 1 */';
  expect(kindOf(sql, { ...defaultLexMode, serverVersion: 90_704 })).toBe('set');
  expect(kindOf(sql, { ...defaultLexMode, serverVersion: 80_012 })).toBe('empty');
  expect(kindOf(sql, { ...mariadb, serverVersion: 101_119 })).toBe('empty');
});
