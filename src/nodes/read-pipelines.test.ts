import { expect, test } from 'vitest';
import type { Clock } from '../base/clock.ts';
import type { ConnectionKind } from './connection-pool.ts';
import type { NodeConnection } from './node-connection.ts';
import type { PipelinedRead, ReadPipeline } from './read-pipeline.ts';
import { ReadPipelines } from './read-pipelines.ts';

/** Of a process that has so little time that each timer is as late as the test says. */
class BusyClock implements Clock {
  #nowMs = 0;
  #due: (() => void)[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs;
  }

  after(_: number, run: () => void) {
    this.#due.push(run);
    return { cancel: () => {} };
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    for (const run of this.#due.splice(0)) run();
  }
}

const kind: ConnectionKind = {
  user: 'app',
  password: '',
  deprecateEof: true,
  foundRows: false,
  extendedMetadata: false,
  accountVersion: 0,
};

function shared(clock: Clock, pressed = { now: false }, idle = { now: false, opened: 0 }) {
  const told: string[] = [];
  const read = (name: string): PipelinedRead => ({
    abandoned: false,
    onData() {},
    onTerminal() {},
    onLocalInfile() {},
    onLost() {},
    onEnd: () => told.push(`${name} ended`),
    onHeldUp: () => told.push(`${name} held up`),
    onSlow: () => told.push(`${name} slow`),
  });
  const connection = { sendSoon: () => {}, stateKey: '' } as unknown as NodeConnection;
  const pipelines = new ReadPipelines({
    clock,
    depthMax: () => 8,
    pressed: () => pressed.now,
    firstWaiting: () => (pressed.now ? '' : undefined),
    hasIdle: () => idle.now,
    openIdle: () => {
      idle.opened += 1;
      return idle.opened < 3 ? Promise.resolve() : Promise.reject(new Error('refused'));
    },
    give: () => told.push('given back'),
    kill: () => Promise.resolve(void told.push('killed')),
  });
  const wanted = { key: '', kind, fits: () => true };
  const join = (take: () => NodeConnection | undefined) => pipelines.join(wanted, () => true, take);
  const pipeline = join(() => connection);
  const send = (name: string): ReadPipeline | undefined => {
    const joined = join(() => undefined);
    joined?.send(Buffer.alloc(0), read(name));
    return joined;
  };
  for (const name of ['first', 'second']) send(name);
  const hasRoom = (key: string): boolean => pipelines.hasRoom({ key }, () => true);
  const begin = (): ReadPipeline | undefined => join(() => connection);
  const keep = (stateKey: string): boolean =>
    pipelines.keep({ key: stateKey, stateKey }, connection);
  return { pipeline, told, send, hasRoom, begin, keep };
}

test('in a process that always comes late others do not wait for ever', () => {
  const clock = new BusyClock();
  const { told } = shared(clock);
  for (let look = 0; look < 5; look += 1) clock.pass(100);
  expect(told).toEqual([]);
  for (let look = 0; look < 10; look += 1) clock.pass(100);
  expect(told).toEqual(['first slow', 'second held up']);
});

test('what is left behind a slow one may be quick, else it is ended', () => {
  const clock = new BusyClock();
  const { pipeline, told } = shared(clock);
  clock.pass(20);
  clock.pass(20);
  told.length = 0;
  pipeline?.onEnd();
  expect(told).toEqual(['first ended']);
  clock.pass(20);
  expect(told).toEqual(['first ended', 'killed']);
  pipeline?.onEnd();
  expect(told).toEqual(['first ended', 'killed', 'given back']);
});

test('where all wait for long, one that does is not slow', () => {
  const clock = new BusyClock();
  const { pipeline, told, send } = shared(clock);
  for (const name of ['third', 'fourth']) send(name);
  // Three wait, and one is answered, between two looks: each waits for 60 ms.
  pipeline?.onEnd();
  clock.pass(20);
  told.length = 0;
  for (let look = 0; look < 9; look += 1) clock.pass(20);
  expect(told).toEqual([]);
  clock.pass(20);
  expect(told).toEqual(['second slow', 'third held up', 'fourth held up']);
});

test('there is room for one more of the same state, up to the depth', () => {
  const clock = new BusyClock();
  const { send, hasRoom } = shared(clock);
  expect([hasRoom(''), hasRoom('other')]).toEqual([true, false]);
  for (let count = 2; count < 8; count += 1) send(`read ${count}`);
  expect(hasRoom('')).toBe(false);
});

test('who needs a connection gets one, however many reads there are', () => {
  const clock = new BusyClock();
  const pressed = { now: false };
  const { pipeline, told, send, hasRoom } = shared(clock, pressed);
  const answerOne = (): void => {
    pipeline?.onEnd();
    send('one more');
    clock.pass(20);
  };
  for (let count = 0; count < 5; count += 1) answerOne();
  expect(told).not.toContain('given back');
  pressed.now = true;
  for (let count = 0; count < 4; count += 1) answerOne();
  expect(hasRoom('')).toBe(true);
  for (let count = 0; count < 3; count += 1) answerOne();
  expect(hasRoom('')).toBe(false);
  expect(told).toContain('given back');
});

test('a connection that is given back between two looks has answered too', () => {
  const clock = new BusyClock();
  const { pipeline, told, send, begin } = shared(clock);
  for (let count = 2; count < 8; count += 1) send(`read ${count}`);
  for (let count = 0; count < 8; count += 1) pipeline?.onEnd();
  expect(told.at(-1)).toBe('given back');
  const next = begin();
  for (const name of ['quick', 'slow', 'behind']) send(name);
  next?.onEnd();
  clock.pass(20);
  expect(told.at(-1)).toBe('quick ended');
  for (let look = 0; look < 3; look += 1) clock.pass(20);
  expect(told.slice(-2)).toEqual(['slow slow', 'behind held up']);
});

test('where connections are scarce one is kept for reads, and given back if none comes', () => {
  const clock = new BusyClock();
  const pressed = { now: false };
  const { pipeline, told, send, hasRoom, keep } = shared(clock, pressed);
  for (let count = 0; count < 2; count += 1) pipeline?.onEnd();
  expect(told.at(-1)).toBe('given back');
  expect(keep('')).toBe(false);
  pressed.now = true;
  expect([keep('other'), keep('')]).toEqual([false, true]);
  expect(hasRoom('')).toBe(true);
  send('third');
  told.length = 0;
  clock.pass(20);
  expect(told).toEqual([]);
  const other = shared(clock, pressed);
  for (let count = 0; count < 2; count += 1) other.pipeline?.onEnd();
  other.keep('');
  other.told.length = 0;
  clock.pass(20);
  expect(other.told).toEqual(['given back']);
});

test('one connection is shared, and one more only by those for whom it has no room', () => {
  const { pipeline, told, send, begin, hasRoom } = shared(new BusyClock());
  expect(begin()).toBe(pipeline);
  for (let count = 2; count < 8; count += 1) send(`read ${count}`);
  expect(hasRoom('')).toBe(false);
  const other = begin();
  expect(other).not.toBe(pipeline);
  pipeline?.onEnd();
  expect(begin()).toBe(pipeline);
  expect(told).toEqual(['first ended']);
});

test('more are shared while that is tried, and those of them that are too many then end', () => {
  const clock = new BusyClock();
  const { pipeline, told, send, begin } = shared(clock);
  const pass = (): ReadPipeline | undefined => {
    for (let count = 0; count < 60; count += 1) send('one more')?.onEnd();
    clock.pass(20);
    return begin();
  };
  let other: ReadPipeline | undefined;
  for (let look = 0; look < 200 && (!other || other === pipeline); look += 1) other = pass();
  expect(other).not.toBe(pipeline);
  expect(told).not.toContain('given back');
  for (let look = 0; look < 200; look += 1) pass();
  expect(told).toContain('given back');
  expect(pass()).toBe(pipeline);
});

test('where more are to be shared one is made ready at a time', async () => {
  const clock = new BusyClock();
  const idle = { now: false, opened: 0 };
  const { send } = shared(clock, { now: false }, idle);
  const pass = async (looks: number): Promise<number> => {
    let alone = 0;
    for (let look = 0; look < looks; look += 1) {
      for (let count = 0; count < 60; count += 1) {
        const joined = send('one more');
        if (joined) joined.onEnd();
        else alone += 1;
      }
      clock.pass(20);
      await Promise.resolve();
    }
    return alone;
  };
  expect(await pass(200)).toBe(0);
  expect(idle.opened).toBeGreaterThanOrEqual(3);
  idle.now = true;
  const alone = await pass(200);
  expect(alone).toBeGreaterThan(0);
  expect(alone).toBeLessThanOrEqual(200);
});

test('one that is kept is given back once, whether it was used or not', () => {
  const clock = new BusyClock();
  const { pipeline, told, send, keep } = shared(clock, { now: true });
  for (let count = 0; count < 2; count += 1) pipeline?.onEnd();
  told.length = 0;
  expect(keep('')).toBe(true);
  send('third')?.onEnd();
  clock.pass(2);
  expect(told).toEqual(['third ended', 'given back']);
});

test('in the place of one that takes no more another is kept', () => {
  const clock = new BusyClock();
  const pressed = { now: true };
  const { pipeline, send, keep, hasRoom } = shared(clock, pressed);
  for (let look = 0; look < 5; look += 1) {
    pipeline?.onEnd();
    send('one more');
    clock.pass(20);
  }
  expect([pipeline?.closed, hasRoom('')]).toEqual([true, false]);
  expect(keep('')).toBe(true);
  expect(send('third')).not.toBe(pipeline);
});
