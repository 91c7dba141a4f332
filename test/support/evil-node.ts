import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { expect } from 'vitest';
import { seededRandom } from '../../src/log/testing/seeded-random.ts';
import type { FaultProxy } from './fault-proxy.ts';
import { workers } from './load.ts';

const clientCount = 6;
/** A server's answer arrives so often as nonsense. */
const nonsenseShare = 0.15;
const stepsEach = 25;

/** Where it arrives, it is of no protocol: noise, or an answer whose beginning is wrong or gone. */
export function talkNonsense(proxy: FaultProxy, seed: number): void {
  const random = seededRandom(seed);
  proxy.garbleAnswer = (bytes) => {
    if (random() >= nonsenseShare) return bytes;
    const noise = Buffer.from(
      Array.from({ length: 1 + Math.floor(random() * 40) }, () => random() * 256),
    );
    switch (Math.floor(random() * 3)) {
      case 0:
        return noise;
      case 1:
        return Buffer.concat([noise, bytes]);
      default:
        return bytes.subarray(Math.min(bytes.length, 1 + Math.floor(random() * 8)));
    }
  };
}

export function talkSense(proxy: FaultProxy): void {
  proxy.garbleAnswer = (bytes) => bytes;
}

/** What clients were told while a node talked nonsense. */
export interface Told {
  /** Writes that were acknowledged. */
  readonly acknowledged: readonly string[];
  readonly errors: ReadonlyMap<string, number>;
}

/** Clients write and read rows of their own; none is ever told of another's. */
export async function writeAndRead(port: number, seed: number): Promise<Told> {
  const acknowledged: string[] = [];
  const errors = new Map<string, number>();
  let open: (Connection | undefined)[] = [];
  const left = Array.from({ length: clientCount }, () => stepsEach);
  const step = async (who: number): Promise<void> => {
    left[who] = (left[who] ?? 0) - 1;
    const token = `${seed}-${who}-${left[who]}`;
    try {
      open[who] ??= await connect(port);
      await open[who]?.query('INSERT INTO evil VALUES (?, ?)', [token, who]);
      acknowledged.push(token);
      const [rows] = (await open[who]?.query<RowDataPacket[]>(
        'SELECT token, who FROM evil WHERE token = ?',
        [token],
      )) ?? [[]];
      expect(rows).toEqual([{ token, who }]);
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      if (code === undefined) throw error;
      errors.set(`${code}: ${message}`, (errors.get(`${code}: ${message}`) ?? 0) + 1);
      open[who]?.destroy();
      open[who] = undefined;
    }
  };
  const load = workers(clientCount, async (who) => {
    if ((left[who] ?? 0) > 0) await step(who);
  });
  await expect
    .poll(() => load.failed || left.every((steps) => steps <= 0), { timeout: 90_000 })
    .toBe(true);
  await load.stop();
  for (const client of open) client?.destroy();
  open = [];
  return { acknowledged, errors };
}

async function connect(port: number): Promise<Connection> {
  const account = { user: 'app', password: 'app', database: 'app' };
  const client = await createConnection({ host: '127.0.0.1', port, ...account });
  client.on('error', () => {});
  return client;
}
