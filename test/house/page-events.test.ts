import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from './tracked-files.ts';

const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

test('the page shows every kind of event that there is', () => {
  const unions = textOf('src/telemetry/events.ts').match(/\bkind: [^;}]+/g) ?? [];
  const declared = unions.flatMap((union) => union.match(/(?<=')\w+(?=')/g) ?? []);
  const list = /const kinds = \[(.*?)\]/s.exec(textOf('web/app.js'))?.[1] ?? '';
  const shown = list.match(/\w+/g) ?? [];
  expect(new Set(shown)).toEqual(new Set(declared));
  expect(declared.length).toBeGreaterThan(20);
});
