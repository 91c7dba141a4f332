import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LockstepError } from '../base/errors.ts';
import { isSameRunning, type ProcessIdentity } from './engine-process.ts';
import type { EngineName } from './engine.ts';

export interface DemoLayout {
  readonly engine: EngineName;
  readonly nodes: number;
}

const noteName = 'demo.json';
/** Everything that a demo ever puts into its folder. */
const ownEntry = /^(?:demo\.json|log|mysql\d+)$/;

/**
 * Makes the folder ready for a demo of this layout, emptied before if `fresh`. Throws
 * LockstepError('conflict') when a demo runs in it, when it holds another layout, or when it
 * holds anything that is not of a demo, which must not be wiped or mixed with.
 */
export async function prepareDemoFolder(
  folder: string,
  layout: DemoLayout,
  options: { fresh: boolean },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const entries = await readdir(folder);
  const foreign = entries.find((entry) => !ownEntry.test(entry));
  if (foreign !== undefined) {
    throw new LockstepError(
      'conflict',
      `${folder} holds something that is not of a demo (${foreign}); choose another with --data`,
    );
  }
  for (const entry of entries) await refuseRunning(join(folder, entry));
  if (options.fresh) {
    for (const entry of entries) await rm(join(folder, entry), { recursive: true, force: true });
  } else {
    await refuseOther(folder, layout);
  }
  await writeFile(join(folder, noteName), `${JSON.stringify(layout)}\n`);
}

async function refuseOther(folder: string, { engine, nodes }: DemoLayout): Promise<void> {
  const found = await readJson<DemoLayout>(join(folder, noteName));
  if (found === undefined || (found.engine === engine && found.nodes === nodes)) return;
  throw new LockstepError(
    'conflict',
    `${folder} holds a demo of ${found.nodes} ${found.engine} nodes, not of ${nodes} ${engine}; ` +
      `add --fresh to wipe it, --nodes ${found.nodes} --engine ${found.engine} to go on with it, ` +
      'or --data <another folder> to keep both',
  );
}

/** The note beside a server's data tells who runs it. */
async function refuseRunning(serverFolder: string): Promise<void> {
  const note = await readJson<{ owner?: ProcessIdentity }>(join(serverFolder, 'process.json'));
  if (note?.owner === undefined || note.owner.pid === process.pid) return;
  if (!isSameRunning(note.owner)) return;
  throw new LockstepError(
    'conflict',
    `process ${note.owner.pid} runs a demo on ${serverFolder}; ` +
      'end it, or choose another folder with --data',
  );
}

/** undefined for what is missing or was never written to its end. */
async function readJson<T>(file: string): Promise<T | undefined> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
