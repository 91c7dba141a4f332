// Completes package-lock.json after `npm install`. A registry that does not hold the builds of
// a tool for other platforms makes npm leave them out of the lock, and `npm ci` then refuses
// the lock everywhere. Those entries need no download here, only a name, a version and the
// platform that is to take them, and all three stand in the tool's own `optionalDependencies`.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const systems = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd'];
const otherSystems = ['openharmony', 'sunos', 'win32'];
const processors = ['arm64', 'arm', 'ia32', 'loong64', 'mips64el', 'ppc64', 'riscv64', 's390x'];

/**
 * What a platform package's name says: `binding-linux-x64-musl` -> linux, x64, musl.
 *
 * @param {string} name
 * @returns {{os: string[], cpu: string[], libc?: string[]} | undefined}
 */
function platformOf(name) {
  const words = name.split(/[-/]/);
  const os = [...systems, ...otherSystems].find((system) => words.includes(system));
  const cpu = ['x64', ...processors].find((processor) => words.includes(processor));
  if (os === undefined || cpu === undefined) return undefined;
  const libc = words.some((word) => word.startsWith('musl'))
    ? ['musl']
    : words.some((word) => word.startsWith('gnu'))
      ? ['glibc']
      : undefined;
  return libc === undefined ? { os: [os], cpu: [cpu] } : { os: [os], cpu: [cpu], libc };
}

/**
 * The optional packages that the lock names but does not hold.
 *
 * @param {{packages: Record<string, any>}} lock
 * @returns {{path: string, name: string, version: string, dev: boolean}[]}
 */
export function missingFromLock(lock) {
  const missing = [];
  for (const [path, entry] of Object.entries(lock.packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const candidates = [`node_modules/${name}`, `${path}/node_modules/${name}`];
      if (candidates.some((candidate) => candidate in lock.packages)) continue;
      const dev = entry.dev === true;
      missing.push({ path: `node_modules/${name}`, name, version: String(version), dev });
    }
  }
  return missing;
}

/**
 * The lock with those entries added, in npm's order.
 *
 * @param {{packages: Record<string, any>}} lock
 */
export function completeLock(lock) {
  const packages = { ...lock.packages };
  for (const { path, name, version, dev } of missingFromLock(lock)) {
    const platform = platformOf(name);
    if (platform === undefined || !/^\d+\.\d+\.\d+\S*$/.test(version)) {
      throw new Error(`package-lock.json lacks ${name}@${version}, which names no platform`);
    }
    const { os, cpu, libc } = platform;
    packages[path] = {
      version,
      cpu,
      ...(dev ? { dev } : {}),
      ...(libc === undefined ? {} : { libc }),
      optional: true,
      os,
    };
  }
  const sorted = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, 'en'));
  return { ...lock, packages: Object.fromEntries(sorted) };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = new URL('../package-lock.json', import.meta.url);
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const missing = missingFromLock(lock);
  if (missing.length > 0) writeFileSync(file, `${JSON.stringify(completeLock(lock), null, 2)}\n`);
  console.log(`package-lock.json: ${missing.length} platform packages added`);
}
