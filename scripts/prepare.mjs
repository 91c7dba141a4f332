#!/usr/bin/env node
// Makes the checkout ready to run: node packages by `npm ci`, the program built into dist/.
// Does only what is missing or out of date. Plain JavaScript: it runs before `npm ci`.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectFolder = dirname(dirname(fileURLToPath(import.meta.url)));

const nodeMin = [20, 20];
const at = (...parts) => join(projectFolder, ...parts);

/** Everything below; throws an Error whose message is for the user. */
export function prepare(say = (line) => console.log(line)) {
  checkNode();
  ensureModules(say);
  ensureBuild(say);
}

export function checkNode(version = process.versions.node) {
  const [major, minor] = version.split('.').map(Number);
  if (major > nodeMin[0] || (major === nodeMin[0] && minor >= nodeMin[1])) return;
  throw new Error(`Node ${nodeMin.join('.')} or newer is needed; this is ${version}`);
}

/** `npm ci`, unless node_modules was made from this very package-lock.json. */
export function ensureModules(say) {
  const stampFile = at('node_modules', '.lockstep-stamp');
  const wanted = createHash('sha256')
    .update(readFileSync(at('package-lock.json')))
    .digest('hex');
  if (readOr(stampFile, '') === wanted) return;
  if (!existsSync(stampFile) && installedAfterLock()) {
    writeFileSync(stampFile, wanted);
    return;
  }
  say('installing node packages (npm ci) …');
  run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error']);
  writeFileSync(stampFile, wanted);
}

/** For packages installed by hand: npm writes this file at the end of every install. */
function installedAfterLock() {
  const installed = at('node_modules', '.package-lock.json');
  return (
    existsSync(installed) &&
    statSync(installed).mtimeMs >= statSync(at('package-lock.json')).mtimeMs
  );
}

/** Compiles src/ into dist/ and bundles web/ into dist/page/, each unless nothing of it changed. */
export function ensureBuild(say) {
  buildWhenStale(say, {
    what: 'building',
    target: 'dist',
    sources: programSources(),
    build: compile,
  });
  // Of src/ the page takes types alone, which leave no trace in it.
  const sources = sourceFiles(['package-lock.json', 'tsconfig.json'], ['web']);
  buildWhenStale(say, { what: 'building the page', target: 'dist/page', sources, build: bundle });
}

const programSources = () =>
  sourceFiles(['tsconfig.json', 'tsconfig.build.json', 'package-lock.json'], ['src']);

function buildWhenStale(say, { what, target, sources, build }) {
  const stampFile = at(target, '.lockstep-stamp');
  const stamp = JSON.stringify(sources);
  const previous = readOr(stampFile, undefined);
  if (previous === stamp) return;
  say(`${what} …`);
  // What was made from a file that is gone must go too.
  const gone = Object.keys(JSON.parse(previous ?? '{}')).some((file) => !(file in sources));
  if (gone || previous === undefined) rmSync(at(target), { recursive: true, force: true });
  rmSync(stampFile, { force: true });
  build();
  mkdirSync(at(target), { recursive: true });
  writeFileSync(stampFile, stamp);
}

function compile() {
  run(process.execPath, [at('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json']);
  // `npx lockstep` runs this file; npm makes it executable once, and a later build makes it anew.
  chmodSync(at('dist', 'cli', 'main.js'), 0o755);
}

function bundle() {
  const config = at('web', 'vite.config.ts');
  const vite = at('node_modules/vite/bin/vite.js');
  run(process.execPath, [vite, 'build', '--config', config, '--logLevel', 'warn']);
}

/** Path -> size and time of everything that something is made from. */
function sourceFiles(single, folders) {
  const files = single.map((file) => at(file));
  for (const folder of folders) {
    for (const entry of readdirSync(at(folder), { recursive: true, withFileTypes: true })) {
      const file = join(entry.parentPath ?? entry.path, entry.name);
      if (entry.isFile() && !file.endsWith('.test.ts')) files.push(file);
    }
  }
  const described = files
    .toSorted((a, b) => (a < b ? -1 : 1))
    .map((file) => {
      const { size, mtimeMs } = statSync(file);
      return [relative(projectFolder, file), `${size} ${mtimeMs}`];
    });
  return Object.fromEntries(described);
}

function run(file, argv) {
  const { status, error } = spawnSync(file, argv, { cwd: projectFolder, stdio: 'inherit' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${[file, ...argv].join(' ')} failed; see above`);
}

function readOr(file, fallback) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return fallback;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    prepare();
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
