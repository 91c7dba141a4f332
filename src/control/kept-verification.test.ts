import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeName, seq } from '../base/brands.ts';
import { temporaryFolder } from '../log/testing/temporary-folder.ts';
import type { LastVerification } from '../replication/shell/verify/verifications.ts';
import { createLogger } from '../telemetry/logger.ts';
import { KeptVerification } from './kept-verification.ts';

const logger = createLogger({ level: 'silent' });
const failed: LastVerification = {
  id: 3,
  finishedAt: 1_795_700_000_000,
  outcome: { kind: 'failed', reason: 'it was cancelled' },
};
const done: LastVerification = {
  id: 4,
  finishedAt: 1_795_700_001_000,
  outcome: {
    kind: 'done',
    report: {
      equal: true,
      seq: seq(7),
      tables: [
        {
          schema: 'app',
          table: 'users',
          nodes: { [nodeName('mysql1')]: { rows: 2, checksum: '1188d4ea' } },
          equal: true,
          differing: [],
        },
      ],
      rows: 2,
      durationMs: 12,
      missed: [],
    },
  },
};

test('the latest result is there again, and only that', async () => {
  const folder = await temporaryFolder();
  const kept = new KeptVerification({ folder, logger });
  expect(await kept.load()).toBeUndefined();
  await kept.keep(failed);
  await kept.keep(done);
  expect(await new KeptVerification({ folder, logger }).load()).toEqual(done);
  expect(await readdir(folder)).toEqual(['last-verification.jsonl']);
});

test.each([
  ['half a line', '{"id":4'],
  ['no JSON', 'nonsense\n'],
  ['something else', '{"id":0,"outcome":{}}\n'],
])('%s is as nothing', async (_what, text) => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'last-verification.jsonl'), text);
  expect(await new KeptVerification({ folder, logger }).load()).toBeUndefined();
});

test('a folder that is gone stops nothing', async () => {
  const kept = new KeptVerification({ folder: join(await temporaryFolder(), 'gone'), logger });
  await kept.keep(done);
  expect(await kept.load()).toBeUndefined();
});
