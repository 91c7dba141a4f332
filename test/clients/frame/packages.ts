import { spawnSync } from 'node:child_process';

/** Installs those of the Debian packages that are missing; throws with what to run instead. */
export function ensurePackages(names: readonly string[]): void {
  const missing = names.filter((name) => !isInstalled(name));
  if (missing.length === 0) return;
  const command = `apt-get install ${missing.join(' ')}`;
  if (process.getuid?.() !== 0) throw new Error(`needs packages; run: sudo ${command}`);
  update();
  const options = ['-y', '-qq', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=300'];
  apt(['install', ...options, ...missing]);
}

function isInstalled(name: string): boolean {
  const asked = spawnSync('dpkg-query', ['-W', '-f=${db:Status-Status}', name]);
  return asked.status === 0 && asked.stdout.toString() === 'installed';
}

let updated = false;

function update(): void {
  if (!updated) apt(['update', '-qq']);
  updated = true;
}

function apt(argv: readonly string[]): void {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const ended = spawnSync('apt-get', argv, { env, timeout: 900_000 });
  if (ended.status === 0) return;
  throw new Error(`apt-get ${argv.join(' ')} failed: ${ended.error ?? String(ended.stderr)}`);
}
