import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { seq } from '../base/brands.ts';
import { type EmbeddedLog, type EmbeddedLogOptions, openEmbeddedLog } from './embedded-log.ts';
import { appendAll, readAll } from './testing/collect.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';
import { verifyLog } from './verify-log.ts';

const plenty = { entriesMax: 1_000, bytesMax: 1_000_000 };

async function open(folder: string, more: Partial<EmbeddedLogOptions> = {}): Promise<EmbeddedLog> {
  const log = await openEmbeddedLog({
    folder,
    onWarning: (message) => expect.unreachable(message),
    ...more,
  });
  onTestFinished(() => log.close());
  return log;
}

const numbered = (count: number, bytes = 20): string[] =>
  Array.from({ length: count }, (_, at) => `${at + 1} `.padEnd(bytes, 'x'));

test('a new log is empty and begins with 1', async () => {
  const log = await open(join(await temporaryFolder(), 'made', 'on', 'the', 'way'));
  expect([log.firstSeq, log.lastSeq, log.nextSeq]).toEqual([1, 0, 1]);
  expect(log.trailingIntent).toBeUndefined();
  expect(await log.read(seq(1), plenty)).toEqual([]);
  expect(log.readCached(seq(1), plenty)).toEqual([]);
});

test('entries come back in order, in this life and the next', async () => {
  const folder = await temporaryFolder();
  const texts = numbered(40);
  const log = await open(folder);
  await appendAll(log, texts.slice(0, 30));
  expect(await readAll(log)).toEqual(texts.slice(0, 30));
  await log.close();

  const again = await open(folder);
  expect([again.firstSeq, again.lastSeq, again.clusterId]).toEqual([1, 30, log.clusterId]);
  await appendAll(again, texts.slice(30));
  expect(await readAll(again)).toEqual(texts);
  expect(await readAll(again, seq(17))).toEqual(texts.slice(16));
});

test('appends resolve in order, lastSeq moves with them and nextSeq ahead of them', async () => {
  const log = await open(await temporaryFolder());
  const resolved: number[] = [];
  const all = [1, 2, 3, 4].map((n) =>
    log.append({ seq: seq(n), payload: Buffer.from('x') }).then(() => {
      resolved.push(n);
      return log.lastSeq;
    }),
  );
  expect([log.lastSeq, log.nextSeq]).toEqual([0, 5]);
  expect(log.readCached(seq(1), plenty)).toEqual([]);
  expect(await Promise.all(all)).toEqual([4, 4, 4, 4]);
  expect(resolved).toEqual([1, 2, 3, 4]);
  expect(log.lastSeq).toBe(4);
});

test('appends of one turn of the event loop are one group commit', async () => {
  const log = await open(await temporaryFolder());
  const payload = Buffer.from('x');
  const lastWithFirst = log.append({ seq: seq(1), payload }).then(() => log.lastSeq);
  // As the answers of two connections that arrive together: each is worked off before the next.
  for (let step = 0; step < 20; step++) await Promise.resolve();
  await log.append({ seq: seq(2), payload });
  expect(await lastWithFirst).toBe(2);
});

test('a seq out of turn is refused and does no harm', async () => {
  const log = await open(await temporaryFolder());
  const payload = Buffer.from('x');
  await expect(log.append({ seq: seq(2), payload })).rejects.toThrow('the next is 1');
  await expect(log.appendIntent({ seq: seq(0), payload })).rejects.toThrow('the next is 1');
  await log.append({ seq: seq(1), payload });
  await expect(log.append({ seq: seq(1), payload })).rejects.toThrow('the next is 2');
});

test('limits of a read hold, but one entry is always returned', async () => {
  const folder = await temporaryFolder();
  await (await open(folder)).close();
  for (const windowBytes of [0, 1_000_000]) {
    const log = await open(folder, { windowBytes });
    await appendAll(log, numbered(10, 100));
    const from = seq(log.lastSeq - 9);
    const count = async (limits: { entriesMax: number; bytesMax: number }) =>
      (await log.read(from, limits)).length;
    expect(await count({ entriesMax: 3, bytesMax: 1_000 })).toBe(3);
    expect(await count({ entriesMax: 30, bytesMax: 250 })).toBe(2);
    expect(await count({ entriesMax: 30, bytesMax: 1 })).toBe(1);
    expect(await count(plenty)).toBe(10);
    await log.close();
  }
});

test('segments roll over, are read across, and are found again', async () => {
  const folder = await temporaryFolder();
  const texts = numbered(100, 60);
  const log = await open(folder, { segmentBytes: 1_000, windowBytes: 0 });
  for (let at = 0; at < texts.length; at += 7) await appendAll(log, texts.slice(at, at + 7));
  const segments = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  expect(segments.length).toBeGreaterThan(8);
  expect(segments[0]).toBe('00000000000000000001.log');
  expect(await readAll(log)).toEqual(texts);
  expect(await log.read(seq(1), plenty)).toHaveLength(100);
  await log.close();

  const again = await open(folder, { segmentBytes: 1_000, windowBytes: 0 });
  expect(await readAll(again)).toEqual(texts);
  expect(await readAll(again, seq(99))).toEqual(texts.slice(98));
  const sizes = await Promise.all(
    segments.map(async (name) => (await readFile(join(folder, name))).length),
  );
  expect(again.sizeBytes).toBe(sizes.reduce((a, b) => a + b));
  expect(await verifyLog(folder)).toMatchObject({
    segments: segments.length,
    entries: 100,
    firstSeq: 1,
    lastSeq: 100,
    torn: undefined,
    sizeBytes: again.sizeBytes,
  });
});

test('an entry larger than a segment, and than a read, passes', async () => {
  const folder = await temporaryFolder();
  const log = await open(folder, { segmentBytes: 1_000, windowBytes: 0 });
  const texts = ['small', 'L'.repeat(200_000), 'small too', ''];
  await appendAll(log, texts);
  expect(await readAll(log, seq(1), 1)).toEqual(texts);
  await log.close();
  expect(await readAll(await open(folder, { windowBytes: 0 }))).toEqual(texts);
});

test('truncateBefore drops whole segments only, and says so to readers', async () => {
  const folder = await temporaryFolder();
  const texts = numbered(60, 60);
  const log = await open(folder, { segmentBytes: 1_000, windowBytes: 0 });
  await appendAll(log, texts);
  const before = log.sizeBytes;
  await log.read(seq(1), { entriesMax: 1, bytesMax: 1 });
  await log.truncateBefore(seq(31));
  expect(log.firstSeq).toBeGreaterThan(15);
  expect(log.firstSeq).toBeLessThanOrEqual(31);
  expect(log.sizeBytes).toBeLessThan(before);
  expect(await readAll(log)).toEqual(texts.slice(log.firstSeq - 1));
  await expect(log.read(seq(1), plenty)).rejects.toMatchObject({ code: 'not_found' });
  expect(log.readCached(seq(1), plenty)).toBeUndefined();
  const { firstSeq } = log;
  await log.close();
  const again = await open(folder, { segmentBytes: 1_000 });
  expect([again.firstSeq, again.lastSeq]).toEqual([firstSeq, 60]);
  await again.truncateBefore(seq(1_000));
  expect(again.lastSeq).toBe(60);
  await appendAll(again, ['next']);
  expect((await readAll(again)).at(-1)).toBe('next');
});

test('an intent is trailing until an entry follows, and the last intent counts', async () => {
  const folder = await temporaryFolder();
  let log = await open(folder);
  await log.appendIntent({ seq: seq(1), payload: Buffer.from('first try') });
  expect([log.lastSeq, log.nextSeq]).toEqual([0, 1]);
  await log.close();
  log = await open(folder);
  expect(log.trailingIntent).toMatchObject({ seq: 1, kind: 'intent' });
  await log.appendIntent({ seq: seq(1), payload: Buffer.from('second try') });
  await log.close();
  log = await open(folder);
  expect(log.trailingIntent?.payload.toString()).toBe('second try');
  await log.append({ seq: seq(1), payload: Buffer.from('outcome') });
  expect(log.trailingIntent).toBeUndefined();
  await log.close();
  log = await open(folder);
  expect(log.trailingIntent).toBeUndefined();
  await log.append({ seq: seq(2), payload: Buffer.from('more') });
  expect(await readAll(log)).toEqual(['outcome', 'more']);
  expect(await verifyLog(folder)).toMatchObject({ entries: 2, intents: 2 });
});

test('a trailing intent is found though its segment is full', async () => {
  const folder = await temporaryFolder();
  const log = await open(folder, { segmentBytes: 300 });
  await appendAll(log, numbered(9, 40));
  for (let at = 0; at < 9; at++) {
    await log.appendIntent({ seq: seq(10), payload: Buffer.from(`try ${at}`.padEnd(50)) });
  }
  await log.close();
  const again = await open(folder, { segmentBytes: 300 });
  expect(again.trailingIntent?.payload.toString().trim()).toBe('try 8');
});

test('reading while appending gives each reader every entry once', async () => {
  const log = await open(await temporaryFolder(), { segmentBytes: 20_000, windowBytes: 3_000 });
  const texts = numbered(3_000, 40);
  const readers = [1, 1, 500].map(async (start) => {
    const found: string[] = [];
    while (start + found.length <= texts.length) {
      const limits = { entriesMax: 50, bytesMax: 1_500 };
      // Nothing new is answered from memory: without a pause this loop would starve the disk.
      if (start + found.length > log.lastSeq) await nextTurn();
      for (const record of await log.read(seq(start + found.length), limits)) {
        expect(record.seq).toBe(start + found.length);
        found.push(record.payload.toString());
      }
    }
    return found;
  });
  for (let at = 0; at < texts.length; at += 60) await appendAll(log, texts.slice(at, at + 60));
  const [first, second, third] = await Promise.all(readers);
  expect(first).toEqual(texts);
  expect(second).toEqual(texts);
  expect(third).toEqual(texts.slice(499));
});

test('the folder belongs to one cluster', async () => {
  const folder = await temporaryFolder();
  const log = await open(folder, { clusterId: 'ours' });
  await appendAll(log, ['x']);
  await log.close();
  const other = openEmbeddedLog({ folder, clusterId: 'theirs', onWarning: () => undefined });
  await expect(other).rejects.toMatchObject({ code: 'config_invalid' });
  expect((await open(folder)).clusterId).toBe('ours');
});

test('a lost cluster file is made anew; foreign segments are refused', async () => {
  const folder = await temporaryFolder();
  const log = await open(folder, { clusterId: 'ours' });
  await appendAll(log, ['x']);
  await log.close();
  await rm(join(folder, 'cluster.json'));
  const warnings: string[] = [];
  const again = await open(folder, { onWarning: (message) => warnings.push(message) });
  expect(again.clusterId).toBe('ours');
  expect(warnings).toHaveLength(1);
  await again.close();
  const cluster = { clusterId: 'another', createdAt: '2030-01-01T00:00:00.000Z' };
  await writeFile(join(folder, 'cluster.json'), JSON.stringify(cluster));
  await expect(open(folder)).rejects.toMatchObject({ code: 'log_corrupt', offset: 0 });
});

test('segments that vanished stop the start', async () => {
  const folder = await temporaryFolder();
  const log = await open(folder, { segmentBytes: 500 });
  await appendAll(log, numbered(40, 40));
  await log.close();
  const names = (await readdir(folder)).filter((name) => name.endsWith('.log'));
  await rm(join(folder, names[2]!));
  const missing = { code: 'log_corrupt', file: join(folder, names[2]!) };
  await expect(open(folder)).rejects.toMatchObject(missing);
  expect((await verifyLog(folder)).problems).toMatchObject([{ file: missing.file, offset: 0 }]);
  for (const name of names) await rm(join(folder, name), { force: true });
  await expect(open(folder)).rejects.toThrow('every segment is missing');
});

test('a closed log takes nothing more and finishes what it took', async () => {
  const folder = await temporaryFolder();
  const log = await open(folder);
  const taken = appendAll(log, numbered(50));
  await log.close();
  await taken;
  const late = log.append({ seq: seq(51), payload: Buffer.from('x') });
  await expect(late).rejects.toMatchObject({ code: 'log_unavailable', outcome: 'not_written' });
  expect((await open(folder)).lastSeq).toBe(50);
});

test('what waits to be written is bounded', async () => {
  const log = await open(await temporaryFolder(), { queuedBytesMax: 250 });
  const payload = Buffer.alloc(100);
  const taken = [1, 2].map((n) => log.append({ seq: seq(n), payload }));
  const refused = log.append({ seq: seq(3), payload });
  await expect(refused).rejects.toMatchObject({ code: 'queue_full' });
  await Promise.all(taken);
  await log.append({ seq: seq(3), payload });
});
