import { argv, stdout } from 'node:process';
import type { Seq } from '../../base/brands.ts';
import { openEmbeddedLog } from '../embedded-log.ts';
import { payloadOf } from './payload-of.ts';

/**
 * A program that appends until it is killed: `kill-writer FOLDER`. Prints the seq of each
 * entry after it was acknowledged, one a line.
 */
const log = await openEmbeddedLog({
  folder: argv[2]!,
  segmentBytes: 256 * 1024,
  onWarning: () => undefined,
});

async function caller(): Promise<void> {
  for (;;) {
    const mine: Seq = log.nextSeq;
    await log.append({ seq: mine, payload: payloadOf(mine) });
    stdout.write(`${mine}\n`);
  }
}

await Promise.all(Array.from({ length: 24 }, caller));
