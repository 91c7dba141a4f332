import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgramCommand } from './engine.ts';

/** The dynamic loader of a system root, with the folders of that root's libraries. */
export interface Loader {
  readonly file: string;
  readonly libraryFolders: readonly string[];
}

const layouts = [
  { triple: 'x86_64-linux-gnu', loader: 'ld-linux-x86-64.so.2' },
  { triple: 'aarch64-linux-gnu', loader: 'ld-linux-aarch64.so.1' },
] as const;

/** The loader of the Debian-like root at `root`; undefined where there is none. */
export function findLoader(root: string): Loader | undefined {
  for (const { triple, loader } of layouts) {
    const folder = join(root, 'usr/lib', triple);
    const file = join(folder, loader);
    if (!existsSync(file)) continue;
    return { file, libraryFolders: root === '/' ? [] : [folder, join(root, 'usr/lib')] };
  }
  return undefined;
}

/** Runs `program` with the libraries of the loader's root instead of the system's. */
export function loaderCommand(
  loader: Loader,
  program: string,
  argv: readonly string[],
): ProgramCommand {
  const path = loader.libraryFolders.length
    ? ['--library-path', loader.libraryFolders.join(':')]
    : [];
  return { file: loader.file, argv: [...path, program, ...argv] };
}
