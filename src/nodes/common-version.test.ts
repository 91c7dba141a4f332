import { expect, test } from 'vitest';
import { commonVersion } from './common-version.ts';
import type { ServerFacts } from './server-facts.ts';

const of = (...versions: (string | undefined)[]): number | undefined =>
  commonVersion(
    versions.map((version) => ({ facts: version ? ({ version } as ServerFacts) : undefined })),
  );

test('the version of servers is a number where they are all of one', () => {
  expect(of('9.7.4', '9.7.4')).toBe(90_704);
  expect(of('5.5.5-10.11.19-MariaDB-deb12', undefined)).toBe(101_119);
  expect(of('11.8.2-MariaDB')).toBe(110_802);
  expect(of('9.7.4', '9.7.3')).toBeUndefined();
  expect(of(undefined)).toBeUndefined();
  expect(of()).toBeUndefined();
  expect(of('unknown')).toBeUndefined();
});
