import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Clock } from '../base/clock.ts';
import { systemClock } from '../base/clock.ts';
import { holderOf, lockFolder } from './folder-lock.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

/** Time that passes when told to. */
class ManualClock implements Clock {
  #now = 0;
  #timers: { at: number; run: () => void }[] = [];

  nowMs = (): number => this.#now;
  wallMs = (): number => 1_900_000_000_000 + this.#now;

  after(delayMs: number, run: () => void): { cancel: () => void } {
    const timer = { at: this.#now + delayMs, run };
    this.#timers.push(timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((one) => one !== timer)) };
  }

  advance(ms: number): void {
    this.#now += ms;
    const due = this.#timers.filter((timer) => timer.at <= this.#now);
    this.#timers = this.#timers.filter((timer) => timer.at > this.#now);
    for (const timer of due) timer.run();
  }

  get waiting(): number {
    return this.#timers.length;
  }
}

const take = (folder: string, clock: Clock = systemClock, onLost = (): void => undefined) =>
  lockFolder(folder, { clock, onLost });

test('one holder at a time, also within one process', async () => {
  const folder = await temporaryFolder();
  const lock = await take(folder);
  await expect(take(folder)).rejects.toMatchObject({ code: 'conflict' });
  await lock.release();
  await (await take(folder)).release();
  expect(await readdir(folder)).toEqual([]);
});

test('who holds a folder is told without touching it', async () => {
  const folder = await temporaryFolder();
  expect(await holderOf(folder, systemClock)).toBeUndefined();
  const lock = await take(folder);
  expect(await holderOf(folder, systemClock)).toBe(process.pid);
  const holder = await readFile(join(folder, 'lock'), 'utf8');
  await lock.release();
  const dead = { ...(JSON.parse(holder) as object), pid: 2 ** 22 + 1, token: 'dead' };
  await writeFile(join(folder, 'lock'), JSON.stringify(dead));
  expect(await holderOf(folder, systemClock)).toBeUndefined();
  expect(await readdir(folder)).toEqual(['lock']);
});

test('of many that find a dead holder one takes over', async () => {
  const folder = await temporaryFolder();
  const lock = await take(folder);
  const found = JSON.parse(await readFile(join(folder, 'lock'), 'utf8')) as object;
  await lock.release();
  const ghosts = [
    // A pid that no process has (the kernel's limit is 2^22).
    { ...found, pid: 2 ** 22 + 1, token: 'dead' },
    // Our own pid, of a former life.
    { ...found, token: 'former life' },
    // A living process, but another than the one that took the lock.
    { ...found, pid: process.ppid, startedAt: '1', token: 'reused pid' },
  ];
  for (const ghost of ghosts) {
    await writeFile(join(folder, 'lock'), JSON.stringify(ghost));
    const takers = await Promise.allSettled(Array.from({ length: 8 }, () => take(folder)));
    const winners = takers.filter((taker) => taker.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    for (const winner of winners) await winner.value.release();
    expect(await readdir(folder)).toEqual([]);
  }
});

test('a living process keeps its lock', async () => {
  const folder = await temporaryFolder();
  const lock = await take(folder);
  const found = JSON.parse(await readFile(join(folder, 'lock'), 'utf8')) as object;
  await lock.release();
  const line = await readFile(`/proc/${process.ppid}/stat`, 'utf8');
  const startedAt = line.slice(line.lastIndexOf(')') + 2).split(' ')[19];
  const other = { ...found, pid: process.ppid, startedAt, token: 'another' };
  await writeFile(join(folder, 'lock'), JSON.stringify(other));
  await expect(take(folder)).rejects.toThrow(`process ${process.ppid}`);
});

test('a holder on another machine is dead when it shows no sign of life', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'lock');
  const elsewhere = { pid: 1, startedAt: '1', place: 'another machine', token: 'elsewhere' };
  await writeFile(path, JSON.stringify(elsewhere));

  const clock = new ManualClock();
  const alive = take(folder, clock).catch((error: unknown) => error);
  await expect.poll(() => clock.waiting).toBe(1);
  await utimes(path, new Date(), new Date(Date.now() + 5_000));
  clock.advance(6_000);
  expect(await alive).toMatchObject({ code: 'conflict' });

  const dead = take(folder, clock);
  await expect.poll(() => clock.waiting).toBe(1);
  clock.advance(6_000);
  await (await dead).release();
});

test('a holder shows signs of life, and notices when the lock was taken from it', async () => {
  const folder = await temporaryFolder();
  const clock = new ManualClock();
  let lost = 0;
  const lock = await take(folder, clock, () => lost++);
  const { mtimeMs: before } = await stat(join(folder, 'lock'));
  clock.advance(2_000);
  await expect.poll(() => clock.waiting).toBe(1);
  const { mtimeMs: after } = await stat(join(folder, 'lock'));
  expect(after).not.toBe(before);
  await writeFile(join(folder, 'lock'), JSON.stringify({ pid: 1, token: 'thief' }));
  clock.advance(2_000);
  await expect.poll(() => lost).toBe(1);
  await lock.release();
  expect(await readdir(folder)).toEqual(['lock']);
});

test('a folder that cannot be written to says so', async () => {
  const folder = join(await temporaryFolder(), 'missing');
  await expect(take(folder)).rejects.toMatchObject({ code: 'ENOENT' });
});
