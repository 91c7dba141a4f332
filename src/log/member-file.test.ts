import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeName } from '../base/brands.ts';
import type { MemberChange } from '../config/member-changes.ts';
import { MemberFile, memberFileName } from './member-file.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

const mysql4 = {
  name: nodeName('mysql4'),
  host: '10.0.0.4',
  port: 3306,
  user: 'app',
  password: 'secret',
  weight: 2,
};
const changes: readonly MemberChange[] = [
  { name: mysql4.name, configured: null, node: mysql4 },
  { name: nodeName('mysql2'), configured: '10.0.0.2:3306', node: null },
];

test('what was written is read again, by its owner only', async () => {
  const folder = await temporaryFolder();
  expect(await new MemberFile(folder).read()).toEqual([]);
  await writeFile(join(folder, `${memberFileName}.tmp`), 'left over', { mode: 0o644 });
  await new MemberFile(folder).write(changes);
  expect(await new MemberFile(folder).read()).toEqual(changes);
  const { mode } = await stat(join(folder, memberFileName));
  expect(mode & 0o777).toBe(0o600);
});

test.each([
  ['half a text', '{"version":1,"changes":[{"name":"mysql4","password":"secret'],
  ['another version', '{"version":2,"changes":[]}'],
  ['a node without a port', '{"version":1,"changes":[{"name":"a","configured":null,"node":{}}]}'],
])('%s is an error that says what to do, and no secret', async (_, text) => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, memberFileName), text);
  const reading = new MemberFile(folder).read();
  await expect(reading).rejects.toMatchObject({ code: 'config_invalid' });
  await expect(reading).rejects.toThrow(/members\.json.*remove it to go back/);
  await expect(reading).rejects.not.toThrow(/secret/);
});

test('a folder that cannot be written to is an error of the log', async () => {
  const file = new MemberFile(join(await temporaryFolder(), 'missing'));
  await expect(file.write(changes)).rejects.toMatchObject({ code: 'log_unavailable' });
});
