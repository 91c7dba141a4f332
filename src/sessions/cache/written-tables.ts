import type { TableCatalogue } from '../../nodes/table-catalogue.ts';
import { type ChangedTables, tableKey } from '../../replication/table-changes.ts';
import type { ProgramFacts } from '../../sql/program-facts.ts';
import type { Statement, TableName } from '../../sql/statement.ts';

/** What a write may change, as the definitions were; undefined where it may be anything. */
export interface WrittenTables {
  /** Of the catalogue, then. */
  readonly version: number;
  readonly tables: ReadonlySet<string>;
  /** Those in which it may give rows a unique key. */
  readonly keyed: ReadonlySet<string>;
}

/** Several of one transaction; undefined as soon as one is. */
export function joinWritten(
  one: WrittenTables | undefined,
  other: WrittenTables | undefined,
): WrittenTables | undefined {
  if (!one || !other || one.version !== other.version) return undefined;
  const tables = join(one.tables, other.tables);
  const keyed = join(one.keyed, other.keyed);
  if (tables === one.tables && keyed === one.keyed) return one;
  return { version: one.version, tables, keyed };
}

function join(one: ReadonlySet<string>, other: ReadonlySet<string>): ReadonlySet<string> {
  if (one === other) return one;
  for (const name of other) if (!one.has(name)) return new Set([...one, ...other]);
  return one;
}

/** For the log; anything when a definition has changed since. */
export function changedBy(
  written: WrittenTables | undefined,
  { version }: TableCatalogue,
): { readonly changed: ChangedTables; readonly keyed: ChangedTables } {
  if (written?.version !== version) return anything;
  return { changed: written.tables, keyed: written.keyed };
}

const anything = { changed: undefined, keyed: undefined };

const tablesMax = 10_000;

/**
 * Finds what writes may change: the tables that they name, those behind views, and what triggers,
 * foreign keys and programs change with them. Rather one too many than one too few.
 */
export class WriteReach {
  readonly #catalogue: TableCatalogue;
  /** By the table that is named. */
  readonly #known = new Map<string, ReadonlySet<string>>();
  #version = -1;

  constructor(catalogue: TableCatalogue) {
    this.#catalogue = catalogue;
  }

  /** `schema`: in which the statement runs. */
  async of(statement: Statement, schema: string): Promise<WrittenTables | undefined> {
    const { version } = this.#catalogue;
    if (version !== this.#version || this.#known.size > tablesMax) this.#known.clear();
    this.#version = version;
    try {
      const tables = await this.#tablesOf(statement, schema);
      return tables && { version, tables, keyed: tables };
    } catch {
      // What the catalogue does not tell now may be anything.
      return undefined;
    }
  }

  async #tablesOf(statement: Statement, schema: string): Promise<ReadonlySet<string> | undefined> {
    const { tables, writtenTables, hasUnknownFunction, kind, understood } = statement;
    const [only, other] = writtenTables;
    if (!understood) return undefined;
    if (only && !other && tables.length === 1 && !hasUnknownFunction && kind !== 'call') {
      return this.#tableAlone(only, schema);
    }
    const walk = new ReachWalk(this.#catalogue);
    for (const table of writtenTables) await walk.table(table, schema);
    for (const table of tables) await walk.read(table, schema);
    if (hasUnknownFunction) await walk.functions(statement.functions);
    if (kind === 'call') await walk.procedure(statement.routine, schema);
    else if (!only && !hasUnknownFunction && !statement.usesSequence) return undefined;
    return walk.found;
  }

  async #tableAlone(table: TableName, schema: string): Promise<ReadonlySet<string> | undefined> {
    const name = `${table.schema ?? schema}.${table.name}`;
    const known = this.#known.get(name);
    if (known) return known;
    const version = this.#version;
    const walk = new ReachWalk(this.#catalogue);
    await walk.table(table, schema);
    const { found } = walk;
    if (found && version === this.#version) this.#known.set(name, found);
    return found;
  }
}

class ReachWalk {
  readonly #catalogue: TableCatalogue;
  readonly #found = new Set<string>();
  /** By their names as they are: servers may tell case apart. */
  readonly #seen = new Set<string>();
  readonly #read = new Set<string>();
  readonly #programs = new Set<ProgramFacts>();
  #anything = false;

  constructor(catalogue: TableCatalogue) {
    this.#catalogue = catalogue;
  }

  get found(): ReadonlySet<string> | undefined {
    return this.#anything ? undefined : this.#found;
  }

  async table({ schema: given, name }: TableName, inSchema: string): Promise<void> {
    const schema = given ?? inSchema;
    const key = tableKey(schema, name);
    if (key === undefined) this.#anything = true;
    const exactly = `${schema}.${name}`;
    if (key === undefined || this.#anything || this.#seen.has(exactly)) return;
    this.#seen.add(exactly);
    this.#found.add(key);
    const { exists, view, triggers } = await this.#catalogue.table(schema, name);
    if (!exists) this.#anything = true;
    for (const inner of view?.tables ?? []) await this.table(inner, schema);
    if (view?.hasUnknownFunction) await this.functions(view.functions);
    // Those that do not fire now are the exception.
    for (const { facts } of triggers) await this.#program(facts, schema);
    const children = await this.#catalogue.children();
    for (const child of children.get(key) ?? []) await this.table(child, child.schema);
  }

  /** A view that is read may call functions. */
  async read({ schema: given, name }: TableName, inSchema: string): Promise<void> {
    const schema = given ?? inSchema;
    const exactly = `${schema}.${name}`;
    if (this.#anything || this.#read.has(exactly)) return;
    this.#read.add(exactly);
    const view = await this.#catalogue.view(schema, name);
    for (const inner of view?.tables ?? []) await this.read(inner, schema);
    if (view?.hasUnknownFunction) await this.functions(view.functions);
  }

  async functions(names: Iterable<string>): Promise<void> {
    for (const name of names) {
      for (const { facts, schema } of await this.#catalogue.functions(name)) {
        await this.#program(facts, schema);
      }
    }
  }

  async procedure(routine: TableName | undefined, inSchema: string): Promise<void> {
    const found =
      routine && (await this.#catalogue.procedure(routine.schema ?? inSchema, routine.name));
    if (found) await this.#program(found.facts, found.schema);
    else this.#anything = true;
  }

  async #program(facts: ProgramFacts, schema: string): Promise<void> {
    if (this.#programs.has(facts)) return;
    this.#programs.add(facts);
    if (facts.beyond.length > 0) this.#anything = true;
    for (const table of facts.writtenTables) await this.table(table, schema);
    for (const table of facts.tables) await this.read(table, schema);
    for (const called of facts.calls) await this.procedure(called, schema);
    await this.functions(facts.functions);
  }
}
