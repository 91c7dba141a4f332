import { expect, test } from 'vitest';
import { loadPageFiles } from './page-files.ts';

const firstViewBytesMax = 200_000;

test('the first view and its charts are small on the wire; the editor comes later', async () => {
  const files = await loadPageFiles();
  const html = files.get('/')?.body.toString() ?? '';
  const linked = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path as string);
  const charts = [...files.keys()].filter((path) => /^\/assets\/charts-.*\.js$/.test(path));
  expect(charts).toHaveLength(1);
  expect(linked.filter((path) => path.includes('console'))).toEqual([]);
  const sizes = ['/', ...linked, ...charts].map((path) => {
    const file = files.get(path);
    return file?.gzip?.length ?? file?.body.length ?? Number.POSITIVE_INFINITY;
  });
  const total = sizes.reduce((sum, size) => sum + size, 0);
  expect(total).toBeLessThan(firstViewBytesMax);
});

test('what has a hash in its name may be kept for ever, the page itself not', async () => {
  const files = await loadPageFiles();
  expect(files.get('/')?.cacheControl).toBe('no-cache');
  for (const [path, { cacheControl }] of files) {
    if (path.startsWith('/assets/')) expect(cacheControl).toContain('immutable');
  }
});
