import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Seq, seq } from '../base/brands.ts';
import { type EmbeddedLog, openEmbeddedLog } from './embedded-log.ts';
import type { LoadFile } from './load-file.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';
import { verifyLog } from './verify-log.ts';

describe('files that entries load', () => {
  let folder: string;
  let log: EmbeddedLog;

  const open = async (): Promise<void> => {
    const onWarning = (message: string): never => expect.fail(message);
    log = await openEmbeddedLog({ folder, segmentBytes: 100_000, onWarning });
  };
  beforeEach(async () => {
    folder = join(await temporaryFolder(), 'log');
    await open();
    return () => log.close();
  });

  const receive = async (...chunks: readonly Buffer[]): Promise<LoadFile> => {
    const writer = await log.files.begin();
    for (const chunk of chunks) await writer.write(chunk);
    return writer.finish();
  };
  const read = async (file: LoadFile): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of log.files.read(file)) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const append = (...files: readonly LoadFile[]): Promise<void> =>
    log.append({ seq: log.nextSeq, payload: Buffer.from('an entry'), files });
  const names = (): Promise<string[]> => readdir(join(folder, 'files'));
  const content = Buffer.alloc(200_000, 'all kinds of bytes \0\xff');

  test('are as they were received, before and after a restart', async () => {
    const file = await receive(content.subarray(0, 70_000), content.subarray(70_000));
    const empty = await receive();
    await append(file, empty);
    expect((await read(file)).equals(content)).toBe(true);
    await log.close();
    await open();
    expect((await read(file)).equals(content)).toBe(true);
    expect(await read(empty)).toEqual(Buffer.alloc(0));
  });

  test('are compared with what the entries say of them', async () => {
    const [whole, short, changed, gone] = [
      await receive(content),
      await receive(content),
      await receive(content),
      await receive(content),
    ];
    const named = [whole, short, changed, gone];
    const check = ({ seq: at }: { seq: Seq }): readonly LoadFile[] => named.slice(at - 1, at);
    for (const file of named) await append(file);
    const files = { files: 4, sizeBytes: 4 * content.length, unnamed: [] };
    expect(await log.verify(check)).toMatchObject({ problems: [], files });

    const left = await receive(content);
    expect((await log.verify(check)).files.unnamed).toEqual([]);
    const pathOf = (at: number): string =>
      join(folder, 'files', `0000000000000000000${at + 1}-${named[at]?.id}.load`);
    await writeFile(pathOf(1), content.subarray(1));
    await writeFile(pathOf(2), Buffer.alloc(content.length));
    await rm(pathOf(3));
    const problems = [
      { file: pathOf(1), reason: 'it has 199999 bytes, entry 2 loads 200000' },
      { file: pathOf(2), reason: 'it is not what entry 3 loads: wrong checksum' },
      { file: pathOf(3), reason: expect.stringContaining('it cannot be read') },
    ];
    expect((await log.verify(check)).problems).toMatchObject(problems);

    // As a crash leaves it.
    const file = join(folder, 'files', `${left.id}.load`);
    const atRest = await verifyLog(folder, { check });
    expect(atRest.problems).toMatchObject(problems);
    expect(atRest.files).toEqual({
      files: 4,
      sizeBytes: content.length,
      unnamed: [{ file, sizeBytes: content.length }],
    });
  });

  test('go when nobody wants them and no entry names them', async () => {
    const [file, named] = [await receive(content), await receive(content)];
    await append(named);
    await log.files.release(file);
    await log.files.release(named);
    const writer = await log.files.begin();
    await writer.write(content);
    await writer.discard();
    await receive(content);
    await log.close();
    expect(await names()).toEqual([`00000000000000000001-${named.id}.load`]);
    await open();
  });

  test('count as bytes of the log, and go with the segment of their entry', async () => {
    const before = log.sizeBytes;
    await append(await receive(content));
    expect(log.sizeBytes).toBeGreaterThan(before + content.length);
    expect(log.closedSegments).toEqual([]);
    const later = await receive(content);
    await append(later);
    const [closed] = log.closedSegments;
    expect(log.bytesOf(closed!)).toBe(closed!.sizeBytes + content.length);
    await log.truncateBefore(seq(2));
    expect(await names()).toEqual([expect.stringContaining(later.id)]);
    expect((await read(later)).equals(content)).toBe(true);
  });

  test('that a crash left behind: what is unfinished goes, the rest stays for now', async () => {
    await receive(content);
    await append();
    await log.files.close();
    await writeFile(join(folder, 'files', 'half.load.tmp'), 'half');
    await writeFile(join(folder, 'files', 'whole.load'), 'whole');
    await log.close();
    await open();
    expect(await names()).toEqual(['00000000000000000001-whole.load']);
    await append(await receive(content));
    await append();
    await log.truncateBefore(seq(3));
    expect(await names()).toEqual([]);
  });

  test.each([
    ['shorter', content.subarray(1)],
    ['longer', Buffer.concat([content, Buffer.of(0)])],
    ['other', Buffer.alloc(content.length, 'x')],
  ])('are not read to the end when they are %s than they were', async (_name, found) => {
    const file = await receive(content);
    await append(file);
    await log.files.truncateBefore(seq(0));
    const [name] = await names();
    await writeFile(join(folder, 'files', name!), found);
    const chunks: Buffer[] = [];
    const reading = (async () => {
      for await (const chunk of log.files.read(file)) chunks.push(chunk);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'log_corrupt' });
    expect(Buffer.concat(chunks).length).toBeLessThan(content.length);
  });
});
