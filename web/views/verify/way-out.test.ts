import { expect, test } from 'vitest';
import type { VerifiedTable, VerifyReport } from '../../data/shapes.ts';
import { wayOutOf } from './way-out.ts';

const nodes = {
  mysql1: { rows: 2, checksum: 'aa' },
  mysql2: { rows: 2, checksum: 'bb' },
  mysql3: { rows: 2, checksum: 'aa' },
};
const range = { key: ['id'], where: '`id` > 1', nodes: { mysql1: 1 }, differing: ['mysql2'] };

const table = (part: Partial<VerifiedTable> = {}): VerifiedTable => ({
  ...{ schema: 'app', table: 't', nodes, equal: false, differing: ['mysql2'], ranges: [range] },
  ...part,
});

const report = (tables: readonly VerifiedTable[], more: Partial<VerifyReport> = {}) =>
  wayOutOf({ equal: false, seq: 1, tables, rows: 2, durationMs: 1, missed: [], ...more });

test('a node against which most agree can be mended by its rows or by a copy', () => {
  const odd = { name: 'mysql2', tables: 1 };
  expect(report([table()])).toEqual({ kind: 'mend', nodes: [{ ...odd, repairable: true }] });
  const keyless = { where: '', nodes: {}, differing: ['mysql2'] };
  for (const part of [{ ranges: [keyless] }, { ranges: [] }, { definitionDiffers: true }]) {
    const wrong = table(part);
    expect(report([wrong])).toEqual({ kind: 'mend', nodes: [{ ...odd, repairable: false }] });
  }
});

test('without a majority a person has to say who is right', () => {
  const all = Object.keys(nodes);
  expect(report([table({ differing: all })])).toEqual({ kind: 'choose', nodes: all });
});

test('nothing is to be done when all is equal, or was repaired', () => {
  expect(report([table({ equal: true, differing: [] })])).toEqual({ kind: 'nothing' });
  const repair = { node: 'mysql2', table: 'app.t', where: '', detail: '' } as const;
  const done = { repairs: [{ ...repair, outcome: 'repaired' as const }], repaired: true };
  expect(report([table()], done)).toEqual({ kind: 'nothing' });
  const failed = { repairs: [{ ...repair, outcome: 'refused' as const }], repaired: false };
  expect(report([table()], failed)).toEqual({ kind: 'left', nodes: ['mysql2'] });
});
