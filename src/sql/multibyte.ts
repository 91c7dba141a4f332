import type { EscapeHidingCharset } from './lex-mode.ts';

type Range = readonly [number, number];
interface Shape {
  readonly leads: readonly Range[];
  readonly trails: readonly Range[];
}

// Lead and trail bytes as in the servers' strings/ctype-{big5,cp932,gb18030,gbk,sjis}.c.
const gbk: Shape = {
  leads: [[0x81, 0xfe]],
  trails: [
    [0x40, 0x7e],
    [0x80, 0xfe],
  ],
};
const sjis: Shape = {
  leads: [
    [0x81, 0x9f],
    [0xe0, 0xfc],
  ],
  trails: [
    [0x40, 0x7e],
    [0x80, 0xfc],
  ],
};
const big5: Shape = {
  leads: [[0xa1, 0xf9]],
  trails: [
    [0x40, 0x7e],
    [0xa1, 0xfe],
  ],
};
const shapes: Record<EscapeHidingCharset, Shape> = { big5, cp932: sjis, gb18030: gbk, gbk, sjis };

const within = (ranges: readonly Range[], code: number): boolean =>
  ranges.some(([from, to]) => code >= from && code <= to);

/** Bytes of the character at `at`: 1, 2, or 4 in gb18030. */
export function characterBytes(sql: string, at: number, charset: EscapeHidingCharset): number {
  const shape = shapes[charset];
  if (!within(shape.leads, sql.charCodeAt(at))) return 1;
  const second = sql.charCodeAt(at + 1);
  if (within(shape.trails, second)) return 2;
  if (charset !== 'gb18030' || second < 0x30 || second > 0x39) return 1;
  const third = sql.charCodeAt(at + 2);
  const fourth = sql.charCodeAt(at + 3);
  return third >= 0x81 && third <= 0xfe && fourth >= 0x30 && fourth <= 0x39 ? 4 : 1;
}
