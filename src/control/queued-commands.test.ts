import { appendFile, mkdir, mkdtemp, rename, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { noSeq } from '../base/brands.ts';
import { QueuedCommands } from './queued-commands.ts';

const result = {
  kind: 'result',
  affectedRows: 1,
  insertId: '0',
  warnings: 0,
  node: 'mysql1',
  durationMs: 1,
} as const;

let folder: string;
let file: string;
let ran: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-queued-'));
  file = join(folder, 'queued-commands.jsonl');
  ran = [];
});
afterEach(() => rm(folder, { recursive: true }));

const load = async (): Promise<QueuedCommands> => {
  const queued = new QueuedCommands({
    folder,
    queuedMax: () => 10,
    lastSeq: () => noSeq,
    run: ({ sql }) => {
      ran.push(sql);
      if (sql.includes('wrong')) return Promise.reject(new Error('it is wrong'));
      return Promise.resolve(result);
    },
    findInLog: () => Promise.resolve(undefined),
    writable: () => true,
  });
  await queued.load();
  return queued;
};

/** Whether it works is up to the test: no file can be opened where a folder is. */
const withoutFile = async (work: () => Promise<void>): Promise<void> => {
  await rename(file, `${file}.aside`);
  await mkdir(file);
  try {
    await work();
  } finally {
    await rmdir(file);
    await rename(`${file}.aside`, file);
  }
};

test('a line torn by a crash is dropped, and what is accepted next is kept', async () => {
  const first = await (await load()).accept({ sql: 'DELETE FROM a' });
  await appendFile(file, '{"kind":"accepted","id":"half');
  const second = await (await load()).accept({ sql: 'DELETE FROM b' });
  const queued = await load();
  expect([first, second].map((id) => queued.outcome(id).state)).toEqual(['queued', 'queued']);
  await queued.drain();
  expect(ran.map((sql) => sql.slice(-6))).toEqual(['FROM a', 'FROM b']);
});

test('a command whose end cannot be written down is not run again', async () => {
  const queued = await load();
  const id = await queued.accept({ sql: 'DELETE FROM a' });
  const wrong = await queued.accept({ sql: 'DELETE FROM wrong' });
  await withoutFile(async () => {
    await expect(queued.drain()).rejects.toMatchObject({ code: 'log_unavailable' });
    await expect(queued.drain()).rejects.toMatchObject({ code: 'log_unavailable' });
  });
  expect(ran).toHaveLength(1);
  expect(queued.outcome(id).state).toBe('done');
  await queued.drain();
  expect(ran).toHaveLength(2);
  const again = await load();
  expect([id, wrong].map((each) => again.outcome(each).state)).toEqual(['done', 'failed']);
});

test('a command that cannot be written down is refused, and leaves nothing behind', async () => {
  const queued = await load();
  await queued.accept({ sql: 'DELETE FROM a' });
  await withoutFile(() =>
    expect(queued.accept({ sql: 'DELETE FROM b' })).rejects.toMatchObject({
      code: 'log_unavailable',
    }),
  );
  await queued.accept({ sql: 'DELETE FROM c' });
  await (await load()).drain();
  expect(ran.map((sql) => sql.slice(-6))).toEqual(['FROM a', 'FROM c']);
});
