import { lowerName } from './lower-name.ts';
import type { TableName, TableReference } from './statement.ts';

export interface TableUse {
  readonly references: readonly TableReference[];
  readonly tables: readonly TableName[];
  readonly writtenTables: readonly TableName[];
}

interface Found {
  readonly table: TableName;
  readonly alias: string;
  written: boolean;
}

/** The tables found so far, and which of them are written. */
export class FoundTables {
  readonly #found: Found[] = [];
  /** Targets of multi-table DELETE, which may be aliases of tables named later. */
  readonly #deleteTargets: TableName[] = [];

  get empty(): boolean {
    return this.#found.length === 0;
  }

  get hasDeleteTargets(): boolean {
    return this.#deleteTargets.length > 0;
  }

  add(found: Readonly<Found>): void {
    this.#found.push({ ...found });
  }

  addDeleteTargets(targets: readonly TableName[]): void {
    this.#deleteTargets.push(...targets);
  }

  /** Each table once, and every place where one is named. */
  use(): TableUse {
    this.#resolveDeleteTargets();
    return {
      references: this.#found,
      tables: unique(this.#found.map((found) => found.table)),
      writtenTables: unique(this.#found.filter(({ written }) => written).map(({ table }) => table)),
    };
  }

  /** Multi-table DELETE names aliases or tables; what matches none is taken as a table's name. */
  #resolveDeleteTargets(): void {
    const named = this.#deleteTargets.length > 0 ? this.#found.map(inLowerCase) : [];
    for (const target of this.#deleteTargets) {
      const [schema, name] = [lowered(target.schema), lowered(target.name)];
      const matching = named.flatMap(({ found, ...of }) => {
        const byAlias = schema === undefined && of.alias === name;
        const byName = of.name === name && (schema ?? of.schema) === of.schema;
        return byAlias || byName ? [found] : [];
      });
      for (const found of matching) found.written = true;
      if (matching.length === 0) this.#found.push({ table: target, alias: '', written: true });
    }
  }
}

const lowered = (name: string | undefined): string | undefined =>
  name === undefined ? undefined : lowerName(name);

/** To a server that tells names by their case only one of them is there. */
const inLowerCase = (found: Found) => ({
  found,
  alias: lowered(found.alias),
  schema: lowered(found.table.schema),
  name: lowered(found.table.name),
});

function unique(tables: readonly TableName[]): TableName[] {
  const result: TableName[] = [];
  for (const table of tables) {
    const known = result.some(({ schema, name }) => schema === table.schema && name === table.name);
    if (!known) result.push(table);
  }
  return result;
}
