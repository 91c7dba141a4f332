import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { completeLock, missingFromLock } from '../../scripts/complete-lock.mjs';
import { nodeRangeHolds } from './node-range.ts';
import { root } from './tracked-files.ts';

interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly engines?: { readonly node?: string };
  readonly optional?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lock: { packages: Record<string, LockEntry> } = JSON.parse(
  readFileSync(join(root, 'package-lock.json'), 'utf8'),
);
const entries = Object.entries(lock.packages);

describe('package-lock.json', () => {
  test('says nothing about where packages were taken from', () => {
    expect(entries.filter(([, entry]) => entry.resolved !== undefined)).toEqual([]);
  });

  test('holds the platform packages it names (else: node scripts/complete-lock.mjs)', () => {
    expect(missingFromLock(lock)).toEqual([]);
  });

  test.each(['20.20.2', '22.12.0', '24.0.0'])('asks for nothing that Node %s is not', (node) => {
    const refused = entries.filter(
      ([, { engines, optional }]) =>
        engines?.node !== undefined && optional !== true && !nodeRangeHolds(engines.node, node),
    );
    expect(refused.map(([path, { engines }]) => `${path} wants ${engines?.node}`)).toEqual([]);
  });
});

describe('completing the lock', () => {
  const tool = { version: '1.0.0', optionalDependencies: { '@tool/linux-arm64-musl': '1.0.0' } };
  const sparse = { packages: { '': {}, 'node_modules/tool': { ...tool, dev: true } } };

  test('adds the platform packages that are missing, and they are the only change', () => {
    const { packages } = completeLock(sparse);
    const added = { version: '1.0.0', cpu: ['arm64'], dev: true, libc: ['musl'], optional: true };
    const path = 'node_modules/@tool/linux-arm64-musl';
    expect(packages).toEqual({ ...sparse.packages, [path]: { ...added, os: ['linux'] } });
    expect(missingFromLock({ packages })).toEqual([]);
  });

  test('refuses a package whose name says no platform', () => {
    const odd = { packages: { a: { version: '1.0.0', optionalDependencies: { fast: '1.0.0' } } } };
    expect(() => completeLock(odd)).toThrow(/fast@1.0.0/);
  });
});

describe('ranges of Node versions', () => {
  test.each([
    ['>=20.20', '20.20.2', true],
    ['>= 20.20.3', '20.20.2', false],
    ['^20.19.0 || >=22.12.0', '20.20.2', true],
    ['^20.19.0 || >=22.12.0', '21.0.0', false],
    ['>=22', '20.20.2', false],
    ['>=18 <21', '20.20.2', true],
    ['20 || >=22', '20.20.2', true],
    ['20.x', '20.20.2', true],
    ['~20.19', '20.20.2', false],
    ['>20', '20.20.2', false],
    ['<=20', '20.20.2', true],
    ['*', '20.20.2', true],
  ])('%s holds for %s: %s', (range, version, expected) => {
    expect(nodeRangeHolds(range, version)).toBe(expected);
  });
});
