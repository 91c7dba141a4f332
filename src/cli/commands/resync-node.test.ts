import { describe, expect, test } from 'vitest';
import { startHttpServer } from '../../http/server.ts';
import { systemClock } from '../../base/clock.ts';
import { MemoryControl } from '../../../test/support/memory-control.ts';
import type { Terminal } from '../terminal.ts';
import { resyncNode } from './resync-node.ts';

function terminal(): Terminal & { readonly lines: string[] } {
  const lines: string[] = [];
  return {
    lines,
    say: (text) => void lines.push(text),
    complain: () => {},
    width: 80,
    setExitCode: () => {},
  };
}

const resync = { source: 'mysql1', seq: 7, tablesDone: 1, tables: 3, rows: 40, bytes: 2_097_152 };

/** What the node looks like when it is asked for the first time, the second … */
class Stages extends MemoryControl {
  #changes: Parameters<MemoryControl['put']>[1][] = [];

  script(...changes: Parameters<MemoryControl['put']>[1][]): void {
    this.#changes = changes;
  }

  override async resync(): Promise<void> {}

  override node(name: string) {
    const change = this.#changes.shift();
    return { ...super.node(name), ...change };
  }
}

describe('lockstep nodes resync', () => {
  const run = async (control: Stages, out: Terminal): Promise<void> => {
    const server = await startHttpServer({
      control,
      host: '127.0.0.1',
      port: 0,
      extraOperations: [],
      clock: systemClock,
      onDefect: () => {},
    });
    try {
      await resyncNode(`http://127.0.0.1:${server.port}`, 'mysql3', out);
    } finally {
      await server.close();
    }
  };

  test('says how far it is until the node is in sync', async () => {
    const control = new Stages();
    control.script(
      { state: 'RESYNCING', resync: { ...resync, phase: 'waiting', source: '' } },
      { state: 'RESYNCING', resync: { ...resync, phase: 'data' } },
      { state: 'RESYNCING', resync: { ...resync, phase: 'data' } },
      { state: 'RECOVERING', pending: 12 },
      { state: 'UP' },
    );
    const out = terminal();
    await run(control, out);
    expect(out.lines).toEqual([
      'mysql3 is being copied: waiting',
      'mysql3 is being copied from mysql1: 1 of 3 tables, 40 rows, 2.0 MB',
      'mysql3 is RECOVERING, 12 entries pending',
      'mysql3 is in sync',
    ]);
  });

  test('fails with the reason when the copy failed', async () => {
    const control = new Stages();
    control.script(
      { state: 'RESYNCING', resync: { ...resync, phase: 'schema' } },
      { state: 'QUARANTINED', reason: 'its resync ended early: the server is gone' },
    );
    await expect(run(control, terminal())).rejects.toThrow(/the server is gone/);
  });
});
