import { appendFile, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { AuditLog } from './audit-log.ts';

const done = {
  by: 'ada',
  from: '127.0.0.1',
  operation: 'disableNode',
  method: 'POST',
  path: '/nodes/mysql1/disable',
  status: 200,
  durationMs: 1,
};

let folder: string;
let faults: unknown[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-audit-'));
  faults = [];
});
afterEach(() => rm(folder, { recursive: true }));

const openLog = async (bytesMax = 1024 * 1024, inFolder = folder): Promise<AuditLog> => {
  const onFault = (error: unknown): void => void faults.push(error);
  const log = new AuditLog({
    folder: inFolder,
    bytesMax: () => bytesMax,
    clock: systemClock,
    onFault,
  });
  await log.open();
  return log;
};

test('records are numbered, also across restarts, and read page by page', async () => {
  const first = await openLog();
  for (let index = 0; index < 3; index += 1) await first.append(done);
  await appendFile(join(folder, 'audit.ndjson'), '{"id":4,"torn');
  const log = await openLog();
  expect((await log.page({ limit: 9 })).records.map(({ id }) => id)).toEqual([3, 2, 1]);
  const page = await log.page({ limit: 2 });
  expect(page).toMatchObject({ records: [{ id: 3, by: 'ada' }, { id: 2 }], next: 2 });
  expect(await log.page({ limit: 2, before: 2 })).toMatchObject({ records: [{ id: 1 }] });
});

test('it takes no more room than it may, and keeps what is latest', async () => {
  const bytesMax = 8 * 1024;
  const log = await openLog(bytesMax);
  for (let index = 0; index < 500; index += 1) void log.append(done);
  await log.close();
  const names = await readdir(folder);
  const sizes = await Promise.all(names.map((name) => stat(join(folder, name))));
  expect(sizes.reduce((sum, { size }) => sum + size, 0)).toBeLessThanOrEqual(bytesMax);
  const { records } = await (await openLog(bytesMax)).page({ limit: 1000 });
  expect(records[0]?.id).toBe(500);
  const ids = records.map(({ id }) => id);
  expect(ids).toEqual(ids.map((_id, index) => 500 - index));
});

test('a folder that cannot be written fails nothing, and is told of once', async () => {
  const log = await openLog(1024, join(folder, 'gone'));
  await log.append(done);
  await log.append(done);
  expect(faults).toHaveLength(1);
});
