import { expect, test } from 'vitest';
import { lowerName } from './lower-name.ts';

const binary = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

test('letters beyond ASCII are those of UTF-8', () => {
  expect(lowerName(binary('GRÜNÉ'))).toBe(binary('grüné'));
  expect(lowerName('Plain')).toBe('plain');
});

test('bytes that are no UTF-8 stay', () => {
  expect(lowerName('A\xc9\xe9')).toBe('a\xc9\xe9');
});
