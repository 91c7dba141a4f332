import type { TableCatalogue } from '../../nodes/table-catalogue.ts';
import type { RoutineInfo } from '../../nodes/table-info.ts';
import { tableKey } from '../../replication/table-changes.ts';
import type { Statement, TableName } from '../../sql/statement.ts';
import { stableFunctions } from '../../sql/stable-functions.ts';
import { isMarkers } from '../is-markers.ts';

/** They tell of the server, or are written by others than clients. */
const ofServers = /^(?:information_schema|performance_schema|mysql|sys)$/i;
const depthMax = 20;

/** What a read gives back depends on, besides the state of its session. */
export interface ReadTables {
  readonly tables: ReadonlySet<string>;
  /** It asks for NULL, which after an insert may mean the row that was inserted. */
  readonly asksNull: boolean;
}

/**
 * The tables that a read reads, through views and stored functions too. Undefined when its answer
 * does not depend on tables and session alone, as far as can be told.
 */
export async function readTables(
  catalogue: TableCatalogue,
  statement: Statement,
  schema: string,
): Promise<ReadTables | undefined> {
  const walk = new ReadWalk(catalogue);
  await walk.query(statement, schema, 0);
  return walk.fit && walk.tables.size > 0 ? walk : undefined;
}

class ReadWalk implements ReadTables {
  readonly tables = new Set<string>();
  asksNull = false;
  fit = true;
  readonly #catalogue: TableCatalogue;
  /** By their names as they are: servers may tell case apart. */
  readonly #seen = new Set<string>();
  readonly #routines = new Set<RoutineInfo>();

  constructor(catalogue: TableCatalogue) {
    this.#catalogue = catalogue;
  }

  async query(statement: Statement, schema: string, depth: number): Promise<void> {
    if (!statement.repeatable || !statement.understood || statement.into !== 'none') {
      this.fit = false;
    }
    // It may be cut off.
    this.asksNull ||= /\b(?:IS)?NULL\b|\.\.\.$/i.test(statement.normalised);
    await this.#tables(statement.tables, schema, depth);
    if (statement.hasUnknownFunction) await this.#functions(statement.functions, depth);
  }

  async #tables(tables: readonly TableName[], inSchema: string, depth: number): Promise<void> {
    if (depth > depthMax) this.fit = false;
    for (const { schema = inSchema, name } of tables) {
      const key = tableKey(schema, name);
      if (key === undefined || schema === '' || ofServers.test(schema) || isMarkers(schema)) {
        this.fit = false;
      }
      const exactly = `${schema}.${name}`;
      if (!this.fit || key === undefined || this.#seen.has(exactly)) continue;
      this.#seen.add(exactly);
      this.tables.add(key);
      const info = await this.#catalogue.table(schema, name);
      if (info.view) await this.query(info.view, schema, depth + 1);
      else if (!info.repeatable) this.fit = false;
    }
  }

  /** One that nobody created and that is not known to be stable may do anything. */
  async #functions(names: Iterable<string>, depth: number): Promise<void> {
    for (const name of names) {
      const routines = await this.#catalogue.functions(name);
      if (routines.length === 0 && !stableFunctions.has(name)) this.fit = false;
      for (const routine of routines) {
        if (!this.fit || this.#routines.has(routine)) continue;
        this.#routines.add(routine);
        const { facts, schema, repeatable } = routine;
        this.fit &&= repeatable && isPure(routine);
        await this.#tables(facts.tables, schema, depth + 1);
        await this.#functions(facts.functions, depth + 1);
      }
    }
  }
}

/** It reads tables and nothing else. */
const isPure = ({ facts }: RoutineInfo): boolean =>
  facts.writtenTables.length === 0 &&
  facts.beyond.length === 0 &&
  facts.unsafe.length === 0 &&
  facts.calls.length === 0 &&
  facts.userVariablesRead.length === 0 &&
  facts.userVariablesAssigned.length === 0 &&
  !facts.usesLastInsertId &&
  !facts.usesUserLock &&
  !facts.usesSequence;
