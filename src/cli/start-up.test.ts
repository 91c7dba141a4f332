import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const main = new URL('main.ts', import.meta.url);
/** `import { a } from 'b'`, `export * from 'b'`; not `import type …`, which is gone at run time. */
const importing = /^(?:import|export) (?!type )[^;]*?from '([^']+)';/gm;

/** Everything that is read before a command line is looked at: files by name, and packages. */
function readAtStart(): string[] {
  const reached = new Set<string>();
  const visit = (file: URL): void => {
    if (reached.has(file.href)) return;
    reached.add(file.href);
    for (const [, name = ''] of readFileSync(file, 'utf8').matchAll(importing)) {
      if (name.startsWith('.')) visit(new URL(name, file));
      else reached.add(name);
    }
  };
  visit(main);
  return [...reached].map((name) => name.replace(new URL('..', main).href, ''));
}

test('a command starts without what only others need', () => {
  const read = readAtStart();
  expect(read).toContain('cli/commands/status.ts');
  const packages = read.filter((name) => !/^node:|\.ts$/.test(name));
  expect(packages).toEqual(['commander']);
  const heavy = /^(?:balancer|http\/operation|control|nodes|log|replication|sessions)\b/;
  expect(read.filter((name) => heavy.test(name))).toEqual([]);
});
