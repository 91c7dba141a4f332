import { readFile, readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

export interface PageFile {
  readonly contentType: string;
  readonly cacheControl: string;
  readonly body: Buffer;
  /** The same for who takes `content-encoding: gzip`; absent where it saves nothing. */
  readonly gzip?: Buffer;
}

/** By the path under which it is served, `/` being index.html. */
export type PageFiles = ReadonlyMap<string, PageFile>;

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};

const filesMax = 500;

/** The page lies beside the program (dist/page), also for one that runs from its sources. */
const folders = ['../page/', '../../dist/page/'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/**
 * Reads the page once: only what lay in the folder at the start can be asked for, so no path of
 * a request ever reaches the file system. Empty when there is no page.
 */
export async function loadPageFiles(): Promise<PageFiles> {
  for (const folder of folders) {
    const names = await readdir(folder, { recursive: true }).catch((): string[] => []);
    if (!names.includes('index.html')) continue;
    const served = names.filter((name) => contentTypes[extname(name)] !== undefined);
    return new Map(
      await Promise.all(served.slice(0, filesMax).map((name) => loadFile(folder, name))),
    );
  }
  return new Map();
}

async function loadFile(folder: string, name: string): Promise<[string, PageFile]> {
  const path = name === 'index.html' ? '/' : `/${name.replaceAll('\\', '/')}`;
  const contentType = contentTypes[extname(name)] as string;
  const body = await readFile(join(folder, name));
  const packed = gzipSync(body, { level: 9 });
  // The names below assets/ hold a hash of what is in the file: there it never changes.
  const cacheControl = path.startsWith('/assets/')
    ? 'public, max-age=31536000, immutable'
    : 'no-cache';
  return [
    path,
    { contentType, cacheControl, body, ...(packed.length < body.length ? { gzip: packed } : {}) },
  ];
}
