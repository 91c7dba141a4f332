import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MiB = 1024 * 1024;
const diskBytes = 16 * MiB;

/**
 * A real file system of 16 MiB that can be made to fail in the ways in which disks do. It lies
 * in a sparse file on a small memory disk, as a volume of a storage with thin provisioning
 * does: where that has no block left, the kernel takes a write and fails the fsync.
 */
export class ThinDisk implements Disposable {
  /** Where it is mounted. */
  readonly folder: string;
  readonly #base: string;
  readonly #store: string;

  private constructor(base: string) {
    this.#base = base;
    this.#store = join(base, 'store');
    this.folder = join(base, 'disk');
  }

  /** Or, as text, why there can be none here. */
  static mount(): ThinDisk | string {
    const disk = new ThinDisk(mkdtempSync(join(tmpdir(), 'lockstep-disk-')));
    mounted.add(disk);
    try {
      disk.#mount();
      return disk;
    } catch (error) {
      disk[Symbol.dispose]();
      return `no file system can be mounted here (needs root and a loop device): ${String(error)}`;
    }
  }

  /** No space is left on it. */
  fill(): void {
    writeZeros(join(this.folder, 'filler'));
  }

  /** What `fill` took is free again. */
  free(): void {
    rmSync(join(this.folder, 'filler'), { force: true });
  }

  /** The storage below has no space left: what is written fails when it is to be made durable. */
  starve(): void {
    writeZeros(join(this.#store, 'filler'));
  }

  /** What `starve` took is free again. */
  feed(): void {
    rmSync(join(this.#store, 'filler'), { force: true });
  }

  /** Whether no file can be made, removed or renamed in a folder of it, not even by root. */
  freeze(folder: string, frozen: boolean): void {
    run('chattr', [frozen ? '+i' : '-i', folder]);
  }

  /** Nothing on it can be changed; fails while a file is open for writing. */
  readOnly(readOnly: boolean): void {
    run('mount', ['-o', `remount,${readOnly ? 'ro' : 'rw'}`, this.folder]);
  }

  [Symbol.dispose](): void {
    for (const folder of [this.folder, this.#store]) {
      try {
        run('umount', ['-l', folder]);
      } catch {
        // Not mounted.
      }
    }
    rmSync(this.#base, { recursive: true, force: true });
    mounted.delete(this);
  }

  #mount(): void {
    mkdirSync(this.#store);
    mkdirSync(this.folder);
    run('mount', ['-t', 'tmpfs', '-o', `size=${2 * diskBytes}`, 'lockstep-test', this.#store]);
    const image = join(this.#store, 'image');
    run('truncate', ['-s', String(diskBytes), image]);
    // Without a journal the file system itself stays writable when a block cannot be written.
    run('mkfs.ext4', ['-q', '-m', '0', '-O', '^has_journal', image]);
    run('mount', ['-o', 'loop', image, this.folder]);
  }
}

function run(program: string, args: readonly string[]): void {
  execFileSync(program, args, { stdio: 'pipe' });
}

/** Makes a file as large as there is space. */
function writeZeros(path: string): void {
  const file = openSync(path, 'a');
  try {
    for (let bytes = MiB; bytes >= 512; ) {
      try {
        writeSync(file, Buffer.alloc(bytes));
      } catch {
        bytes /= 2;
      }
    }
  } finally {
    closeSync(file);
  }
}

/** Unmounted also when the process ends without it. */
const mounted = new Set<ThinDisk>();
process.on('exit', () => {
  for (const disk of mounted) disk[Symbol.dispose]();
});
