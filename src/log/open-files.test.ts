import { expect, test } from 'vitest';
import type { LogFile, LogFileSystem } from './log-file-system.ts';
import { OpenFiles } from './open-files.ts';
import { SimulatedDisk } from './testing/simulated-disk.ts';

/** A disk with files a..z that counts which of them are open. */
async function countedDisk(): Promise<{ fileSystem: LogFileSystem; open: string[] }> {
  const disk = new SimulatedDisk({ random: () => 0.5, decide: () => undefined });
  const plain = disk.fileSystem();
  for (const name of 'abcdefgh') await plain.open(`/${name}`, 'create');
  const open: string[] = [];
  const counted = async (...[path, mode]: Parameters<LogFileSystem['open']>): Promise<LogFile> => {
    const file = await plain.open(path, mode);
    open.push(path);
    const close = async (): Promise<void> => {
      open.splice(open.indexOf(path), 1);
    };
    return { ...file, close };
  };
  return { fileSystem: { ...plain, open: counted }, open };
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('keeps the most recently used open, and no more than it may', async () => {
  const { fileSystem, open } = await countedDisk();
  const files = new OpenFiles(fileSystem, { countMax: 3 });
  for (const name of 'abcadef') await files.use(`/${name}`, async () => undefined);
  await settled();
  expect(open.toSorted()).toEqual(['/d', '/e', '/f']);
  files.close();
  await settled();
  expect(open).toEqual([]);
});

test('a file that is forgotten or too many stays open while somebody reads it', async () => {
  const { fileSystem, open } = await countedDisk();
  const files = new OpenFiles(fileSystem, { countMax: 1 });
  let finish = (): void => undefined;
  const reading = files.use('/a', () => new Promise<void>((resolve) => (finish = resolve)));
  await files.use('/b', async () => undefined);
  files.forget('/a');
  await settled();
  expect(open).toContain('/a');
  finish();
  await reading;
  await settled();
  expect(open).not.toContain('/a');
});

test('a file that could not be opened is tried again', async () => {
  const { fileSystem } = await countedDisk();
  const files = new OpenFiles(fileSystem, { countMax: 1 });
  const size = () => files.use('/new', (file) => file.size());
  await expect(size()).rejects.toMatchObject({ code: 'ENOENT' });
  await fileSystem.open('/new', 'create');
  expect(await size()).toBe(0);
});
