import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isCode, longFiles, longFunctions, whereWide, wideLines } from './measure.ts';
import { type Measures, ratchetFaults, tightened } from './ratchet.ts';
import { strangeWords } from './strange-words.ts';
import { root, trackedFiles } from './tracked-files.ts';

type Ratchet = Record<'fileLines' | 'functionLines' | 'wideLines', Measures>;

const files = trackedFiles();
const ratchetFile = join(root, 'test/house/tidy-ratchet.json');
const ratchet: Ratchet = JSON.parse(readFileSync(ratchetFile, 'utf8'));
const codeFolders = ['src', 'test', 'bench', 'scripts', 'web', 'examples'].filter((folder) =>
  files.some(({ path }) => path.startsWith(`${folder}/`)),
);
const found: Ratchet = {
  fileLines: longFiles(files),
  functionLines: longFunctions(codeFolders),
  wideLines: wideLines(files),
};
if (process.env['TIDY'] === 'tighten') tighten();

describe('the house stays tidy: what is over a limit may not grow', () => {
  test('files have at most 400 lines', () => {
    expect(ratchetFaults(ratchet.fileLines, found.fileLines)).toEqual([]);
  });

  test('functions have at most 70 lines', () => {
    expect(ratchetFaults(ratchet.functionLines, found.functionLines)).toEqual([]);
  });

  test('lines have at most 100 columns', () => {
    const faults = ratchetFaults(ratchet.wideLines, found.wideLines);
    expect(faults, `wide lines: ${whereWide(files).join(' ')}`).toEqual([]);
  });
});

describe('the house speaks of itself', () => {
  test('no word of a workplace, no notes to self, no forbidden form', () => {
    expect(files.length).toBeGreaterThan(20);
    expect(files.flatMap(strangeWords)).toEqual([]);
  });

  test('at most twelve npm scripts, and each runs something that is there', () => {
    const manifest: { scripts: Record<string, string> } = JSON.parse(
      readFileSync(join(root, 'package.json'), 'utf8'),
    );
    expect(Object.keys(manifest.scripts).length).toBeLessThanOrEqual(12);
    const named = Object.values(manifest.scripts).flatMap((line) => line.match(/\S+\.mjs/g) ?? []);
    expect(named.filter((path) => !files.some((file) => file.path === path))).toEqual([]);
  });
});

describe('the measures see what they look for', () => {
  const long = (lines: number): string[] => Array.from({ length: lines }, () => 'f();');

  test('a file of 401 lines', () => {
    const at = (lines: number): Measures =>
      longFiles([{ path: 'src/x.ts', lines: [...long(lines), ''] }]);
    expect([at(400), at(401)]).toEqual([{}, { 'src/x.ts': 401 }]);
  });

  test('a line of 101 columns, unless it holds an address', () => {
    const lines = ['x'.repeat(100), 'x'.repeat(101), `// https://example.org/${'x'.repeat(101)}`];
    expect(wideLines([{ path: 'src/x.ts', lines }])).toEqual({ 'src/x.ts': 1 });
    expect(isCode({ path: 'docs/x.md', lines })).toBe(false);
  });

  test('a function of 71 lines, by its name', () => {
    const folder = mkdtempSync(join(tmpdir(), 'lockstep-tidy-'));
    try {
      const body = (lines: number): string => `() {\n${long(lines - 2).join('\n')}\n}\n`;
      const text = `function f() {}\nfunction a${body(70)}export function b${body(71)}void a;\n`;
      writeFileSync(join(folder, 'x.ts'), text);
      expect(Object.values(longFunctions([folder]))).toEqual([71]);
      expect(Object.keys(longFunctions([folder]))[0]).toMatch(/x\.ts#b$/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('the ratchet: growth, newcomers and slack are faults, and only slack is taken out', () => {
    const allowed = { same: 5, grown: 5, shrunk: 5, gone: 5 };
    const now = { same: 5, grown: 6, shrunk: 4, fresh: 9 };
    const faults = ratchetFaults(allowed, now).map((fault) => fault.split(':', 1)[0]);
    expect(faults).toEqual(['grown', 'fresh', 'shrunk', 'gone']);
    expect(tightened(allowed, now)).toEqual({ same: 5, grown: 5, shrunk: 4 });
  });
});

function tighten(): void {
  ratchet.fileLines = tightened(ratchet.fileLines, found.fileLines);
  ratchet.functionLines = tightened(ratchet.functionLines, found.functionLines);
  ratchet.wideLines = tightened(ratchet.wideLines, found.wideLines);
  writeFileSync(ratchetFile, `${JSON.stringify(ratchet, null, 2)}\n`);
}
