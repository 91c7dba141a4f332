import { expect, test } from 'vitest';

// The script is plain JavaScript, because it runs before any package is installed.
const script = new URL('../../scripts/install-engines.mjs', import.meta.url).href;
const { archiveMirror } = (await import(script)) as {
  archiveMirror: (texts: readonly string[]) => string | undefined;
};

test('the mirror is read from the one-line format', () => {
  const list = `
# deb http://commented.example/debian trixie main
deb http://security.example/debian-security trixie-security main
deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] http://one.example/debian trixie main contrib
`;
  expect(archiveMirror([list])).toBe('http://one.example/debian');
});

test('the mirror is read from the deb822 format, without what is disabled or a third party', () => {
  const sources = `# http://commented.example/debian
Types: deb
URIs: http://off.example/debian
Suites: trixie
Components: main
Enabled: no

Types: deb deb-src
# a comment inside
URIs: http://two.example/debian/ http://three.example/debian/
Suites: trixie trixie-updates
Components: main
`;
  const thirdParty = 'deb https://tools.example/apt trixie main\n';
  expect(archiveMirror([thirdParty, sources])).toBe('http://two.example/debian');
});

test('no mirror where the sources name no archive of the distribution', () => {
  expect(archiveMirror(['deb https://tools.example/apt stable main\n', ''])).toBeUndefined();
});
