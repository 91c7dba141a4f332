import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Demo, DemoParts, startDemo } from '../../src/demo/demo.ts';
import type { EngineName } from '../../src/demo/engine.ts';
import { freePorts, isPortFree } from '../../src/demo/free-port.ts';

export interface OpenDemo extends AsyncDisposable {
  readonly demo: Demo;
  readonly url: string;
  readonly port: number;
}

/** A demo with the page, on free ports. */
export async function openDemo(engine: EngineName, nodes: number): Promise<OpenDemo> {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-page-'));
  const parts = new DemoParts();
  const close = async (): Promise<void> => {
    await parts.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const [port = 0, httpPort = 0] = await freePorts(2);
    const basePort = await freeRow(nodes);
    const data = join(folder, 'demo');
    const options = { engine, nodes, basePort, port, httpPort, data, fresh: false };
    const demo = await startDemo(options, { say: () => {}, command: 'lockstep' }, parts);
    return { demo, port, url: `http://127.0.0.1:${httpPort}`, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The first of so many ports side by side that are free now. */
async function freeRow(count: number): Promise<number> {
  for (;;) {
    const [first = 0] = await freePorts(1);
    const others = Array.from({ length: count - 1 }, (_, index) => isPortFree(first + index + 1));
    if ((await Promise.all(others)).every(Boolean)) return first;
  }
}
