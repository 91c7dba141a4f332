import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { NodeName } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';
import type { NodeConfig } from '../config/config.ts';
import type { MemberChange } from '../config/member-changes.ts';

export const memberFileName = 'members.json';

const version = 1;

/**
 * The nodes added, replaced and removed while Lockstep ran, so that a restart finds the same
 * members. It holds passwords, so nobody but its owner may read it.
 */
export class MemberFile {
  readonly #folder: string;
  readonly #path: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#path = join(folder, memberFileName);
  }

  /** Rejects config_invalid if the file is there but cannot be understood. */
  async read(): Promise<readonly MemberChange[]> {
    let text: string;
    try {
      text = await readFile(this.#path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw this.#unusable(error);
    }
    try {
      const parsed = JSON.parse(text) as { version?: unknown; changes?: unknown };
      if (parsed.version !== version || !Array.isArray(parsed.changes)) throw new Error('its form');
      return parsed.changes.map(changeOf);
    } catch (error) {
      throw this.#unusable(error);
    }
  }

  /** Durable when it resolves. Rejects log_unavailable; the file is then as it was. */
  async write(changes: readonly MemberChange[]): Promise<void> {
    const text = `${JSON.stringify({ version, changes }, null, 2)}\n`;
    try {
      const unfinished = await open(`${this.#path}.tmp`, 'w', 0o600);
      try {
        // A left-over of a crash keeps the mode that it had.
        await unfinished.chmod(0o600);
        await unfinished.writeFile(text);
        await unfinished.sync();
      } finally {
        await unfinished.close();
      }
      await rename(`${this.#path}.tmp`, this.#path);
      const folder = await open(this.#folder, 'r');
      try {
        await folder.sync();
      } finally {
        await folder.close();
      }
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new LockstepError('log_unavailable', `the list of nodes was not saved: ${reason}`, {
        cause,
      });
    }
  }

  #unusable(cause: unknown): LockstepError {
    // What JSON.parse says of a text may repeat a piece of it.
    const reason = cause instanceof SyntaxError ? 'it is not JSON' : String(cause);
    return new LockstepError(
      'config_invalid',
      `${this.#path} cannot be used (${reason}): restore it, or remove it to go back to the ` +
        'nodes of the configuration',
    );
  }
}

function changeOf(found: unknown): MemberChange {
  const { name, configured, node } = found as Record<string, unknown>;
  if (typeof name !== 'string' || name === '') throw new Error('a name');
  if (configured !== null && typeof configured !== 'string') throw new Error(`of ${name}`);
  const change = { name: name as NodeName, configured };
  return { ...change, node: node === null ? null : nodeOf(name, node) };
}

function nodeOf(name: string, found: unknown): NodeConfig {
  const node = (found ?? {}) as Record<keyof NodeConfig, unknown>;
  const texts = [node.host, node.user, node.password].every((text) => typeof text === 'string');
  const numbers = [node.port, node.weight].every((number) => Number.isInteger(number));
  const { schema, tls, tlsCaFile, tlsCertFile, tlsKeyFile, compression } = node;
  const optional = [schema, tls, tlsCaFile, tlsCertFile, tlsKeyFile, compression];
  const optionalTexts = optional.every((text) => text === undefined || typeof text === 'string');
  if (node.name !== name || !texts || !numbers || !optionalTexts) throw new Error(`of ${name}`);
  return found as NodeConfig;
}
