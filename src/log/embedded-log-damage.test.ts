import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seq } from '../base/brands.ts';
import { type EmbeddedLog, openEmbeddedLog } from './embedded-log.ts';
import { recordHeaderBytes } from './record-codec.ts';
import { appendAll, readAll } from './testing/collect.ts';
import { seededRandom } from './testing/seeded-random.ts';
import { type DiskStep, type Fault, SimulatedDisk } from './testing/simulated-disk.ts';
import { verifyLog } from './verify-log.ts';

const folder = '/log';
const firstFile = '/log/00000000000000000001.log';
const recordBytes = recordHeaderBytes + 30;

class Scene {
  fault: (step: DiskStep, path: string) => Fault | undefined = () => undefined;
  readonly disk: SimulatedDisk;
  readonly warnings: string[] = [];

  constructor(seed = 1) {
    const decide = (step: DiskStep, path: string): Fault | undefined => this.fault(step, path);
    this.disk = new SimulatedDisk({ random: seededRandom(seed), decide });
  }

  open(segmentBytes = 1_000_000): Promise<EmbeddedLog> {
    return openEmbeddedLog({
      folder,
      segmentBytes,
      windowBytes: 0,
      fileSystem: this.disk.fileSystem(),
      onWarning: (message) => this.warnings.push(message),
    });
  }

  verify(): ReturnType<typeof verifyLog> {
    return verifyLog(folder, { fileSystem: this.disk.fileSystem() });
  }

  damage(path: string, change: (bytes: Buffer) => Buffer): void {
    this.disk.killProcess();
    this.disk.overwrite(path, change(Buffer.from(this.disk.contentOf(path))));
  }
}

const texts = Array.from({ length: 10 }, (_, at) => `entry ${at + 1} `.padEnd(30, '.'));

/** Ten entries, one group commit each or all in one. */
async function tenEntries(scene: Scene, batches: 'one' | 'each'): Promise<number> {
  const log = await scene.open();
  if (batches === 'one') await appendAll(log, texts);
  else for (const text of texts) await appendAll(log, [text]);
  await log.close();
  return scene.disk.contentOf(firstFile).length - 10 * recordBytes;
}

describe('the last segment', () => {
  test('cut anywhere in its last record, it loses that one with a warning', async () => {
    for (let cut = 1; cut < recordBytes; cut++) {
      const scene = new Scene();
      const start = await tenEntries(scene, 'each');
      scene.damage(firstFile, (bytes) => bytes.subarray(0, bytes.length - cut));
      expect((await scene.verify()).torn).toEqual({
        file: firstFile,
        offset: start + 9 * recordBytes,
      });
      const log = await scene.open();
      expect(scene.warnings).toHaveLength(1);
      expect(scene.warnings[0]).toContain(`${firstFile}, offset ${start + 9 * recordBytes}`);
      expect(await readAll(log)).toEqual(texts.slice(0, 9));
      await appendAll(log, ['new tenth']);
      await log.close();
      expect(await readAll(await scene.open())).toEqual([...texts.slice(0, 9), 'new tenth']);
      expect(scene.warnings).toHaveLength(1);
    }
  });

  test.each(['one', 'each'] as const)(
    'a flipped bit in a record before the last stops the start (batches: %s)',
    async (batches) => {
      await fc.assert(
        fc.asyncProperty(
          fc.nat(8),
          fc.nat(recordBytes - 1),
          fc.nat(7),
          async (record, byte, bit) => {
            const scene = new Scene();
            const offset = (await tenEntries(scene, batches)) + record * recordBytes;
            scene.damage(firstFile, (bytes) => {
              bytes[offset + byte]! ^= 1 << bit;
              return bytes;
            });
            const place = { file: firstFile, offset };
            const named = { code: 'log_corrupt', ...place };
            await expect(scene.open()).rejects.toMatchObject(named);
            await expect(scene.open()).rejects.toThrow(`${firstFile}, offset ${offset}:`);
            expect((await scene.verify()).problems).toMatchObject([place]);
          },
        ),
        { numRuns: 60 },
      );
    },
  );

  test('a last batch of which a sector never reached the disk is torn', async () => {
    const scene = new Scene();
    const start = await tenEntries(scene, 'each');
    const log = await scene.open();
    await appendAll(
      log,
      Array.from({ length: 60 }, () => 'z'.repeat(30)),
    );
    await log.close();
    scene.damage(firstFile, (bytes) => bytes.fill(0, 1536, 2048));
    const again = await scene.open();
    expect(again.lastSeq).toBe(Math.floor((1536 - start) / recordBytes));
    expect(scene.warnings).toHaveLength(1);
  });

  test('a sector of zeros in a batch that others follow stops the start', async () => {
    const scene = new Scene();
    const start = await tenEntries(scene, 'each');
    const log = await scene.open();
    await appendAll(
      log,
      Array.from({ length: 60 }, () => 'z'.repeat(30)),
    );
    await appendAll(log, ['proof']);
    await log.close();
    scene.damage(firstFile, (bytes) => bytes.fill(0, 1536, 2048));
    const offset = start + Math.floor((1536 - start) / recordBytes) * recordBytes;
    await expect(scene.open()).rejects.toMatchObject({ code: 'log_corrupt', offset });
  });

  test('records of another log inside a torn payload prove nothing', async () => {
    const other = new Scene(2);
    await tenEntries(other, 'each');
    const copy = Buffer.from(other.disk.contentOf(firstFile));
    const scene = new Scene(3);
    await tenEntries(scene, 'each');
    const log = await scene.open();
    const own = Buffer.from(scene.disk.contentOf(firstFile));
    await log.append({ seq: seq(11), payload: Buffer.concat([copy, own, Buffer.alloc(50)]) });
    await log.close();
    scene.damage(firstFile, (bytes) => bytes.subarray(0, bytes.length - 1));
    const again = await scene.open();
    expect(again.lastSeq).toBe(10);
    expect(scene.warnings).toHaveLength(1);
  });

  test('garbage behind the last record is cut off', async () => {
    for (const garbage of [
      Buffer.alloc(4_096),
      Buffer.alloc(7),
      Buffer.from('garbage'.repeat(99)),
    ]) {
      const scene = new Scene();
      await tenEntries(scene, 'one');
      scene.damage(firstFile, (bytes) => Buffer.concat([bytes, garbage]));
      expect(await readAll(await scene.open())).toEqual(texts);
      expect(scene.warnings).toHaveLength(1);
    }
  });

  test('a damaged header stops the start', async () => {
    for (const at of [0, 8, 9, 16, 30, 63]) {
      const scene = new Scene();
      await tenEntries(scene, 'one');
      scene.damage(firstFile, (bytes) => {
        bytes[at]! ^= 4;
        return bytes;
      });
      const named = { code: 'log_corrupt', file: firstFile, offset: 0 };
      await expect(scene.open()).rejects.toMatchObject(named);
    }
  });
});

describe('a closed segment', () => {
  test('a damaged record is met by a read and by verify, not by the start', async () => {
    const scene = new Scene();
    const log = await scene.open(600);
    for (const text of [...texts, ...texts]) await appendAll(log, [text]);
    await log.close();
    const offset = 64 + 3 * recordBytes;
    scene.damage(firstFile, (bytes) => {
      bytes[offset + recordHeaderBytes + 4]! ^= 1;
      return bytes;
    });
    const place = { file: firstFile, offset };
    const named = { code: 'log_corrupt', ...place };
    expect((await scene.verify()).problems).toMatchObject([place]);
    const again = await scene.open(600);
    const limits = { entriesMax: 100, bytesMax: 1e6 };
    await expect(again.read(seq(1), limits)).rejects.toMatchObject(named);
    expect((await again.read(seq(12), limits)).length).toBe(9);
  });

  test('without its seal it stops the start', async () => {
    const scene = new Scene();
    const log = await scene.open(600);
    for (const text of [...texts, ...texts]) await appendAll(log, [text]);
    await log.close();
    scene.damage(firstFile, (bytes) => bytes.subarray(0, bytes.length - 3));
    await expect(scene.open()).rejects.toMatchObject({ code: 'log_corrupt', file: firstFile });
    expect((await scene.verify()).problems).toMatchObject([{ file: firstFile }]);
  });
});

describe('a failing disk', () => {
  const failOnce = (scene: Scene, step: DiskStep, fault: Fault): void => {
    scene.fault = (met) => {
      if (met !== step) return undefined;
      scene.fault = () => undefined;
      return fault;
    };
  };

  /** The sync of the folder that follows a removal fails, once. */
  const afterUnlink = (scene: Scene, fault: Fault): ((step: DiskStep) => Fault | undefined) => {
    let removed = false;
    return (step) => {
      removed ||= step === 'unlink';
      if (!removed || step !== 'sync_folder') return undefined;
      scene.fault = () => undefined;
      return fault;
    };
  };

  test('when full, it rejects the batch and all behind it, and takes the next', async () => {
    const scene = new Scene();
    const log = await scene.open();
    await appendAll(log, ['one']);
    failOnce(scene, 'write', 'no_space');
    const first = log.append({ seq: seq(2), payload: Buffer.from('two') });
    await Promise.resolve();
    await Promise.resolve();
    const behind = log.append({ seq: seq(3), payload: Buffer.from('three') });
    const unavailable = { code: 'log_unavailable', outcome: 'not_written' };
    await expect(first).rejects.toMatchObject(unavailable);
    await expect(behind).rejects.toMatchObject(unavailable);
    expect([log.unavailable, log.lastSeq, log.nextSeq]).toEqual([undefined, 1, 2]);
    await appendAll(log, ['two again']);
    scene.disk.losePower();
    expect(await readAll(await scene.open())).toEqual(['one', 'two again']);
  });

  test('after a failed fsync it is fenced until it heals; reads go on', async () => {
    const scene = new Scene();
    const log = await scene.open();
    await appendAll(log, ['one']);
    failOnce(scene, 'sync_data', 'io_error');
    await expect(appendAll(log, ['two'])).rejects.toMatchObject({ outcome: 'not_written' });
    const fenced = { code: 'log_unavailable' };
    expect(log.unavailable).toMatchObject(fenced);
    await expect(appendAll(log, ['three'])).rejects.toMatchObject(fenced);
    expect(await readAll(log)).toEqual(['one']);
    await log.heal();
    expect(log.unavailable).toBeUndefined();
    await appendAll(log, ['two again']);
    expect(await readAll(log)).toEqual(['one', 'two again']);
  });

  test('when even the clean-up fails, the outcome is unknown until it heals', async () => {
    const scene = new Scene();
    const log = await scene.open();
    await appendAll(log, ['one']);
    scene.fault = (step) => (step.startsWith('sync') ? 'io_error' : undefined);
    await expect(appendAll(log, ['two'])).rejects.toMatchObject({ outcome: 'unknown' });
    await expect(log.heal()).rejects.toMatchObject({ code: 'log_unavailable' });
    expect(log.unavailable).toBeDefined();
    scene.fault = () => undefined;
    await log.heal();
    scene.disk.losePower();
    expect(await readAll(await scene.open())).toEqual(['one']);
  });

  test('a truncation that failed half way leaves no hole, whatever names survive', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const scene = new Scene(seed);
      const log = await scene.open(300);
      for (const text of [...texts, ...texts]) await appendAll(log, [text]);
      scene.fault = afterUnlink(scene, 'io_error');
      await expect(log.truncateBefore(seq(8))).rejects.toThrow('EIO');
      scene.fault = afterUnlink(scene, 'power_loss');
      await expect(log.truncateBefore(seq(15))).rejects.toThrow('EIO');
      scene.fault = () => undefined;
      scene.disk.losePower();
      expect((await scene.open(300)).lastSeq).toBe(20);
    }
  });

  test('heal refuses when an acknowledged record is damaged', async () => {
    const scene = new Scene();
    const log = await scene.open();
    for (const text of texts) await appendAll(log, [text]);
    failOnce(scene, 'sync_data', 'io_error');
    await expect(appendAll(log, ['eleven'])).rejects.toThrow();
    const content = Buffer.from(scene.disk.contentOf(firstFile));
    content[64 + 2 * recordBytes + 25]! ^= 1;
    scene.disk.overwrite(firstFile, content);
    const named = { code: 'log_corrupt', offset: 64 + 2 * recordBytes };
    await expect(log.heal()).rejects.toMatchObject(named);
    expect(log.unavailable).toBeDefined();
  });
});
