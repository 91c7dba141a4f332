import { isPure } from './rooms.ts';
import type { TextFile } from './tracked-files.ts';

interface Rule {
  readonly what: string;
  readonly pattern: RegExp;
  /** Which files it holds for. */
  readonly holdsFor: (path: string) => boolean;
}

/** Files that must name what the rules look for. */
const exempt = new Set(['test/house/strange-words.ts', 'test/house/strange-words.test.ts']);
const isTypeScript = (path: string): boolean => /\.tsx?$/.test(path);
const isSource = (path: string): boolean => path.startsWith('src/');
const isTest = (path: string): boolean => path.endsWith('.test.ts');
const always = (): boolean => true;

const rules: readonly Rule[] = [
  {
    what: 'a folder of one machine',
    pattern: /(?<![\w.*/}-])\/(?:root|work)\/|(?<![\w.*/}-])\/home\/(?!node\b)[a-z]/,
    holdsFor: always,
  },
  {
    what: 'the temporary folder by its path (ask os.tmpdir())',
    pattern: /(?<![\w.*/}-])\/tmp\//,
    holdsFor: (path) => !path.startsWith('docs/') && !path.endsWith('.md') && !isTest(path),
  },
  {
    what: 'a package registry or mirror by its host',
    pattern: /https?:\/\/[^/\s'"]*(?:registry|artifactory|nexus|verdaccio|npmjs|mirror|proxy)\./i,
    holdsFor: always,
  },
  { what: 'a note to self', pattern: /\b(?:TODO|FIXME|XXX)\b/, holdsFor: always },
  {
    what: 'an enum (use a union made from `as const` values)',
    pattern: /^\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?enum\s+\w+\s*\{/,
    holdsFor: isTypeScript,
  },
  {
    what: 'a default export (name it)',
    pattern: /^\s*export\s+default\b|\bexport\s*\{[^}]*\bas\s+default\b/,
    holdsFor: isSource,
  },
  {
    what: 'an import at run time in a pure room',
    pattern: /\bimport\s*\(|\brequire\s*\(/,
    holdsFor: (path) => isTypeScript(path) && isPure(path) && !isTest(path),
  },
  {
    what: 'a skipped test without a reason (call context.skip(reason) in the test)',
    pattern: /\b(?:test|it|describe)\.(?:skip|skipIf|runIf|todo)\s*\(/,
    holdsFor: isTest,
  },
];

/** What in the file does not belong in this house: `path:line: what`. */
export function strangeWords({ path, lines }: TextFile): string[] {
  if (exempt.has(path)) return [];
  const held = rules.filter((rule) => rule.holdsFor(path));
  return lines.flatMap((line, index) =>
    held
      .filter((rule) => rule.pattern.test(line))
      .map((rule) => `${path}:${index + 1}: ${rule.what}`),
  );
}
