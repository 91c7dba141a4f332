import { describe, expect, test } from 'vitest';
import { strangeWords } from './strange-words.ts';

const found = (path: string, line: string): number => strangeWords({ path, lines: [line] }).length;

describe('what does not belong in the repository is found', () => {
  test.each([
    ['src/log/x.ts', `const folder = '/home/me/lockstep';`],
    ['docs/x.md', 'Look into `/root/lockstep`.'],
    ['scripts/x.mjs', `const folder = '/tmp/lockstep';`],
    ['package-lock.json', '"resolved": "https://registry.npmjs.org/x/-/x-1.0.0.tgz"'],
    ['.npmrc', 'registry=https://artifactory.example.org/npm'],
    ['src/log/x.ts', '// TODO: later'],
    ['src/log/x.ts', 'export enum Colour {'],
    ['src/log/x.ts', '  const enum Colour {'],
    ['src/log/x.ts', 'export default class {}'],
    ['src/log/x.ts', 'export { x as default };'],
    ['src/protocol/x.ts', `const net = await import('node:net');`],
    ['src/log/x.test.ts', `test.skip('later', () => {});`],
    ['test/integration/x.test.ts', `describe.skipIf(!found)('on MySQL', () => {`],
  ])('%s: %s', (path, line) => expect(found(path, line)).toBe(1));
});

describe('what belongs there is left alone', () => {
  test.each([
    ['docs/x.md', 'Put it into `/tmp/lockstep`.'],
    ['src/http/x.ts', `const route = '/nodes/root/x';`],
    ['src/http/x.ts', `fetch(base + '/api/home/page')`],
    ['src/log/x.ts', 'export default_value;'],
    ['src/log/x.ts', `// a column of type ENUM, see enum in the manual`],
    ['src/log/jetstream.ts', `const nats = await import('@nats-io/jetstream');`],
    ['src/log/x.test.ts', `test('on MySQL', (context) => context.skip('no MySQL here'));`],
    ['vitest.config.ts', 'export default defineConfig({'],
    ['docs/x.md', 'A mirror of https://example.org/mirror is fine.'],
  ])('%s: %s', (path, line) => expect(found(path, line)).toBe(0));
});
