import { join } from 'node:path';
import { createWhole } from './create-whole.ts';
import { LogCorrupt } from './log-corrupt.ts';
import type { LogFileSystem } from './log-file-system.ts';

/** Which cluster a log folder belongs to; nodes carry the same id. */
export interface ClusterFile {
  readonly clusterId: string;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
}

export const clusterFileName = 'cluster.json';

export async function writeClusterFile(
  fileSystem: LogFileSystem,
  folder: string,
  cluster: ClusterFile,
): Promise<void> {
  const content = Buffer.from(`${JSON.stringify(cluster, null, 2)}\n`);
  const file = await createWhole(fileSystem, { folder, name: clusterFileName }, content);
  await file.close();
}

/** Rejects log_corrupt if the file is there but cannot be understood. */
export async function readClusterFile(
  fileSystem: LogFileSystem,
  folder: string,
): Promise<ClusterFile> {
  const path = join(folder, clusterFileName);
  const file = await fileSystem.open(path, 'read');
  const text = Buffer.alloc(await file.size());
  try {
    await file.read(text, 0);
  } finally {
    await file.close();
  }
  try {
    const found = JSON.parse(text.toString('utf8')) as Partial<ClusterFile>;
    if (typeof found.clusterId === 'string' && typeof found.createdAt === 'string') {
      return { clusterId: found.clusterId, createdAt: found.createdAt };
    }
  } catch {
    // Falls through to the same error.
  }
  throw new LogCorrupt(path, 0, 'the file should hold clusterId and createdAt');
}
