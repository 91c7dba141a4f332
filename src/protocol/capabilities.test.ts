import { expect, test } from 'vitest';
import { Capability, combine, has, without } from './capabilities.ts';

test('bit 31 stays positive and is found', () => {
  const flags = combine(Capability.REMEMBER_OPTIONS, Capability.LONG_PASSWORD);
  expect(flags).toBe(0x80000001);
  expect(has(flags, Capability.REMEMBER_OPTIONS)).toBe(true);
  expect(has(flags, Capability.FOUND_ROWS)).toBe(false);
  expect(without(flags, Capability.LONG_PASSWORD)).toBe(0x80000000);
});

test('has asks for every bit of a set', () => {
  const both = combine(Capability.SSL, Capability.PLUGIN_AUTH);
  expect(has(Capability.SSL, both)).toBe(false);
  expect(has(both, both)).toBe(true);
});

test('every capability is one bit of its own', () => {
  const bits = Object.values(Capability);
  expect(new Set(bits).size).toBe(bits.length);
  for (const bit of bits) expect(Math.log2(bit) % 1).toBe(0);
});
