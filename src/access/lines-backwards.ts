import { open } from 'node:fs/promises';

const chunkBytes = 64 * 1024;
const newline = 0x0a;

/** The lines of a file, the last first, of which no more is read than is asked for. */
export async function* linesBackwards(path: string): AsyncGenerator<string> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  if (!file) return;
  try {
    let { size: end } = await file.stat();
    let rest = Buffer.alloc(0);
    while (end > 0) {
      const start = Math.max(0, end - chunkBytes);
      const chunk = Buffer.alloc(end - start);
      await file.read(chunk, 0, chunk.length, start);
      rest = Buffer.concat([chunk, rest]);
      end = start;
      for (let at = rest.lastIndexOf(newline); at >= 0; at = rest.lastIndexOf(newline)) {
        const line = rest.toString('utf8', at + 1);
        rest = rest.subarray(0, at);
        if (line !== '') yield line;
      }
    }
    if (rest.length > 0) yield rest.toString('utf8');
  } finally {
    await file.close();
  }
}
