import { NodeQueryError } from '../nodes/query-rows.ts';
import type { Statement } from '../sql/statement.ts';
import { foldedName } from '../sql/lower-name.ts';

/**
 * Savepoints of a session without autocommit that has met no table yet. A server keeps them for the
 * transaction that comes, and has none open (seen on both): it holds up nobody.
 */
export class EarlySavepoints {
  /** In lower case, the latest at the end. */
  #names: readonly string[] = [];
  /** A temporary table was made or dropped meanwhile, which no ROLLBACK undoes. */
  tablesKept = false;

  get names(): readonly string[] {
    return this.#names;
  }

  /** Those of a transaction that a server would not have begun. */
  keep(names: readonly string[]): void {
    this.#names = names;
  }

  clear(): void {
    this.#names = [];
    this.tablesKept = false;
  }

  /** SAVEPOINT, ROLLBACK TO and RELEASE; throws what a server says of one that is not there. */
  run({ kind, savepoint = '' }: Statement): void {
    const name = foldedName(savepoint);
    const at = this.#names.indexOf(name);
    if (kind === 'savepoint') {
      // One of the same name is replaced, and is then the latest.
      this.#names = [...this.#names.filter((one) => one !== name), name];
    } else if (at < 0) {
      const shown = Buffer.from(savepoint, 'latin1').toString('utf8');
      throw new NodeQueryError(1305, '42000', `SAVEPOINT ${shown} does not exist`);
    } else this.#names = this.#names.slice(0, kind === 'release_savepoint' ? at : at + 1);
  }
}
