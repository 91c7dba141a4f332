import { beforeEach, describe, expect, test } from 'vitest';
import { seq } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';
import { crc32c } from './crc32c.ts';
import { type EmbeddedLog, openEmbeddedLog } from './embedded-log.ts';
import { segmentName } from './segment-name.ts';
import { SimulatedDisk } from './testing/simulated-disk.ts';
import { type LogReport, verifyLog } from './verify-log.ts';

const folder = '/log';
const recordBytes = 21 + 100;

/** Twenty entries of 100 bytes, four to a segment, the last segment empty or not. */
describe('a log is verified', () => {
  let disk: SimulatedDisk;
  let log: EmbeddedLog;

  beforeEach(async () => {
    disk = new SimulatedDisk({ random: () => 0, decide: () => undefined });
    log = await open();
    for (let at = 1; at <= 20; at++) await log.append({ seq: seq(at), payload: payload(at) });
  });

  const open = (): Promise<EmbeddedLog> =>
    openEmbeddedLog({
      ...{ folder, segmentBytes: 64 + 4 * recordBytes, onWarning: () => {} },
      fileSystem: disk.fileSystem(),
    });
  const payload = (at: number): Buffer => Buffer.alloc(100, at);
  const fileOf = (firstSeq: number): string => `${folder}/${segmentName(seq(firstSeq))}`;
  const damage = (file: string, change: (bytes: Buffer) => Buffer): void =>
    disk.overwrite(file, change(Buffer.from(disk.contentOf(file))));
  const flip = (file: string, offset: number): void =>
    damage(file, (bytes) => {
      bytes[offset]! ^= 1;
      return bytes;
    });
  const offline = (): Promise<LogReport> => verifyLog(folder, { fileSystem: disk.fileSystem() });
  const ignore = (): [] => [];

  test('that is whole, at rest and while it goes on', async () => {
    const whole = { segments: 5, entries: 20, firstSeq: 1, lastSeq: 20, problems: [] };
    expect(await log.verify(ignore)).toMatchObject(whole);
    await log.close();
    expect(await offline()).toMatchObject({ ...whole, torn: undefined });
  });

  test('each damaged file is named, and what is behind is looked at all the same', async () => {
    await log.close();
    flip(fileOf(1), 64 + 2 * recordBytes + 50);
    flip(fileOf(9), 64 + 50);
    damage(fileOf(13), (bytes) => bytes.subarray(0, bytes.length - 1));
    const { problems } = await offline();
    expect(problems).toMatchObject([
      { file: fileOf(1), offset: 64 + 2 * recordBytes },
      { file: fileOf(9), offset: 64 },
      { file: fileOf(13) },
    ]);
  });

  test('a missing segment, one of another cluster and one of another place', async () => {
    await log.close();
    const fileSystem = disk.fileSystem();
    await fileSystem.unlink(fileOf(5));
    disk.overwrite(fileOf(13), disk.contentOf(fileOf(9)));
    const { problems } = await offline();
    expect(problems).toMatchObject([
      { file: fileOf(5), reason: 'the segment is missing; the next one begins at 9' },
      { file: fileOf(13), reason: 'its first seq is 9, not as its name says' },
    ]);
    const cluster = { clusterId: 'another', createdAt: '2030-01-01T00:00:00.000Z' };
    disk.overwrite(`${folder}/cluster.json`, Buffer.from(JSON.stringify(cluster)));
    const foreign = (await offline()).problems;
    expect(foreign[0]).toMatchObject({ file: fileOf(1), offset: 0 });
    expect(foreign[0]?.reason).toMatch(/^it belongs to cluster /);
  });

  test('a seal that tells of other entries than there are', async () => {
    await log.close();
    damage(fileOf(5), (bytes) => {
      const sealBytes = bytes.readUInt32LE(bytes.length - 4);
      return Buffer.concat([bytes.subarray(0, 64 + 3 * recordBytes), bytes.subarray(-sealBytes)]);
    });
    expect((await offline()).problems[0]).toMatchObject({ file: fileOf(5) });
  });

  test('what a record holds is looked into', async () => {
    const check = ({ seq: at }: { seq: number }): [] => {
      if (at === 7) throw new LockstepError('log_corrupt', 'an entry ends before its content');
      return [];
    };
    const at = { file: fileOf(5), offset: 64 + 2 * recordBytes };
    const problem = { ...at, reason: expect.stringContaining('an entry ends before') };
    expect((await log.verify(check)).problems).toMatchObject([problem]);
  });

  test('a running log knows that its end is not torn but damaged', async () => {
    damage(fileOf(17), (bytes) => bytes.subarray(0, bytes.length - 3));
    const { problems, torn } = await log.verify(ignore);
    expect(torn).toBeUndefined();
    expect(problems).toMatchObject([{ file: fileOf(17), offset: 64 + 4 * recordBytes - 3 }]);
    await log.close();
    expect(await offline()).toMatchObject({
      problems: [],
      torn: { file: fileOf(17), offset: 64 + 3 * recordBytes },
    });
  });

  test('segments dropped meanwhile are no finding', async () => {
    const verified = log.verify(ignore);
    await log.truncateBefore(seq(13));
    const { problems, lastSeq } = await verified;
    expect(problems).toEqual([]);
    expect(lastSeq).toBe(20);
  });

  test('a newer format is refused by its number, by the start too, and left as it is', async () => {
    await log.close();
    for (const file of [fileOf(1), fileOf(17)]) {
      const before = disk.contentOf(file);
      damage(file, (bytes) => {
        bytes[8] = 2;
        bytes.writeUInt32LE(crc32c(bytes, 0, 60), 60);
        return bytes;
      });
      const newer = Buffer.from(disk.contentOf(file));
      const refusal = {
        code: 'log_too_new',
        message: expect.stringContaining(`${file} has format 2`),
      };
      await expect(open()).rejects.toMatchObject(refusal);
      await expect(offline()).rejects.toMatchObject(refusal);
      expect(disk.contentOf(file).equals(newer)).toBe(true);
      disk.overwrite(file, before);
    }
  });

  test('a folder without a log is no whole log', async () => {
    const nowhere = verifyLog('/nowhere', { fileSystem: disk.fileSystem() });
    await expect(nowhere).rejects.toMatchObject({ code: 'config_invalid' });
  });

  test('what the system refuses to read is named', async () => {
    await log.close();
    const whole = disk.fileSystem();
    const refused = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    const fileSystem = {
      ...whole,
      open: (path: string, mode: 'read' | 'read_write' | 'create') =>
        path === fileOf(9) ? Promise.reject(refused) : whole.open(path, mode),
    };
    const { problems } = await verifyLog(folder, { fileSystem });
    expect(problems).toEqual([
      { file: fileOf(9), offset: 0, reason: 'it cannot be read: EACCES: permission denied' },
    ]);
  });
});
