import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { seq } from '../base/brands.ts';
import { systemClock } from '../base/clock.ts';
import type { LogRecord } from '../log/command-log.ts';
import { type EmbeddedLog, type EmbeddedLogOptions, openEmbeddedLog } from '../log/embedded-log.ts';
import { temporaryFolder } from '../log/testing/temporary-folder.ts';
import { verifyLog } from '../log/verify-log.ts';
import type { Entry } from './entry.ts';
import { decodeEntry, encodeEntry } from './entry-codec.ts';
import { decodeIntent, encodeIntent, type Intent } from './intent.ts';
import { lastEpoch } from './shell/last-epoch.ts';
import { entryOf } from './testing/entries.ts';

/*
 * `fixtures/log-v1` is a log folder as version 1 of the format wrote it, and `log-v1.json` says
 * what is in it; so with each version after it. They stay as they are for ever, and every version
 * to come must read them: logs out there are just as old. A new version of the format gets a
 * folder of its own beside them.
 */
const fixtures = fileURLToPath(new URL('fixtures', import.meta.url));
const versions = [1, 2, 3] as const;
const newest = 3;
const folderOf = (version: number): string => join(fixtures, `log-v${version}`);

type Item =
  | { readonly kind: 'entry'; readonly entry: Entry }
  | { readonly kind: 'intent'; readonly intent: Intent };

interface Content {
  readonly clusterId: string;
  readonly createdAtMs: number;
  readonly segmentBytes: number;
  readonly salts: readonly number[];
  /** The group commits, in order. */
  readonly batches: readonly (readonly Item[])[];
}

/**
 * "(64 × abc)" in a text stands for so many times "abc". An entry that does not say up to where
 * the leader had confirmed is taken to say: all before it.
 */
async function expectedContent(version: number): Promise<Content> {
  const repeat = (_: string, times: string, text: string): string => text.repeat(Number(times));
  const spread = (name: string, value: unknown): unknown => {
    if (typeof value === 'string') return value.replaceAll(/\((\d+) × ([^)]+)\)/g, repeat);
    if (name !== 'entry') return value;
    const entry = value as Omit<Entry, 'confirmed'>;
    return { confirmed: entry.seq - 1, ...entry };
  };
  const text = await readFile(`${folderOf(version)}.json`, 'utf8');
  return JSON.parse(text, spread) as Content;
}

function open(folder: string, change: Partial<EmbeddedLogOptions> = {}): Promise<EmbeddedLog> {
  const onWarning = (message: string): never => expect.fail(message);
  return openEmbeddedLog({ folder, onWarning, ...change });
}

function itemOf({ kind, payload }: LogRecord): Item {
  return kind === 'entry'
    ? { kind, entry: decodeEntry(payload) }
    : { kind, intent: decodeIntent(payload) };
}

test.each(versions)('a log of version %i is read', async (version) => {
  const { clusterId, batches } = await expectedContent(version);
  const items = batches.flat();
  const entries = items.filter(({ kind }) => kind === 'entry');
  const folder = join(await temporaryFolder(), 'log');
  await cp(folderOf(version), folder, { recursive: true });

  const log = await open(folder, { clusterId });
  const records = await log.read(seq(1), { entriesMax: 100, bytesMax: 1_000_000 });
  expect(records.map(itemOf)).toEqual(entries);
  const [last] = await log.read(log.lastSeq, { entriesMax: 1, bytesMax: 1 });
  expect(itemOf(last!)).toEqual(entries.at(-1));
  expect(itemOf(log.trailingIntent!)).toEqual(items.at(-1));
  await log.close();
});

test.each(versions)('a log of version %i is whole, with every intent', async (version) => {
  const { batches } = await expectedContent(version);
  const found: Item[] = [];
  const report = await verifyLog(folderOf(version), {
    check: (record) => {
      found.push(itemOf(record));
      return [];
    },
  });
  expect(found).toEqual(batches.flat());
  expect(report).toMatchObject({ segments: 3, firstSeq: 1, torn: undefined, problems: [] });
});

/** Who changes the layout raises the version; this test then goes on with the newest fixture. */
test('what is written today is the newest version to the byte', async () => {
  const folder = join(await temporaryFolder(), 'log');
  const fixture = folderOf(newest);
  await writeContent(folder, await expectedContent(newest));
  const names = (await readdir(folder)).sort();
  expect(names).toEqual((await readdir(fixture)).sort());
  for (const name of names) {
    const [written, kept] = await Promise.all([
      readFile(join(folder, name)),
      readFile(join(fixture, name)),
    ]);
    expect(written.equals(kept), name).toBe(true);
  }
});

test('an entry of a later version in a segment of this one is no damage', async () => {
  const folder = await temporaryFolder();
  const log = await open(folder);
  const payload = encodeEntry(entryOf(1, 'DELETE FROM t'));
  payload[0] = newest + 1;
  await log.append({ seq: seq(1), payload });
  const refusal = {
    code: 'log_too_new',
    message: expect.stringContaining(`has format ${newest + 1}`),
  };
  await expect(lastEpoch(log)).rejects.toMatchObject(refusal);
  await log.close();
  const check = (record: LogRecord): [] => {
    itemOf(record);
    return [];
  };
  await expect(verifyLog(folder, { check })).rejects.toMatchObject(refusal);
});

async function writeContent(folder: string, content: Content): Promise<void> {
  const { clusterId, createdAtMs, segmentBytes, salts, batches } = content;
  await mkdir(folder);
  const salt = salts.values();
  const log = await open(folder, {
    ...{ clusterId, segmentBytes },
    randomU32: () => salt.next().value!,
    clock: { ...systemClock, wallMs: () => createdAtMs },
  });
  for (const batch of batches) await Promise.all(batch.map((item) => append(log, item)));
  await log.close();
}

function append(log: EmbeddedLog, item: Item): Promise<void> {
  if (item.kind === 'entry') {
    return log.append({ seq: item.entry.seq, payload: encodeEntry(item.entry) });
  }
  return log.appendIntent({ seq: item.intent.entry.seq, payload: encodeIntent(item.intent) });
}
