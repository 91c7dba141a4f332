import type { Clock } from '../base/clock.ts';
import type { TableCatalogue } from '../nodes/table-catalogue.ts';
import type { Statement } from '../sql/statement.ts';
import { knownEffects, type WriteEffects } from './write-effects.ts';

/** So long a read waits to hear what its views do; it is then run where the server watches it. */
const answerMsMax = 1000;
const schemasMax = 1000;
const tablesMax = 10_000;
const noTables: ReadonlySet<string> = new Set();

/** What the tables that a read names do besides giving rows. */
export type Viewed =
  /** Nothing: none is a view that calls functions of such a kind. */
  | 'nothing'
  /** They write, or leave something on their connection. */
  | 'something'
  /** The leader does not tell, or it is just being changed. */
  | 'unknown';

/** In which default schemas a statement was found to do nothing; at a version of the catalogue. */
interface Found {
  readonly version: number;
  readonly schemas: Set<string>;
  /** The last one of them. */
  schema: string;
}

/**
 * Knows of reads whether the views that they name only read. One may call a function that writes,
 * which would write on the one node that the read goes to. That is found out once for each
 * statement, and again after each DDL: what every read asks costs a look into a map.
 */
export class ViewedReads {
  readonly #catalogue: TableCatalogue;
  readonly #clock: Clock;
  readonly #found = new WeakMap<Statement, Found>();
  /** Tables that do nothing, at that version; by their names as they are. */
  #tables = new Set<string>();
  #version = -1;

  constructor({ catalogue, clock }: { catalogue: TableCatalogue; clock: Clock }) {
    this.#catalogue = catalogue;
    this.#clock = clock;
  }

  /** Whether it is known now that the read does nothing but read. `schema`: the default one. */
  onlyReads(statement: Statement, schema: string): boolean {
    const { version, changing } = this.#catalogue;
    if (changing) return false;
    const found = this.#found.get(statement);
    if (found?.version === version) {
      if (found.schema === schema) return true;
      if (found.schemas.has(schema)) {
        found.schema = schema;
        return true;
      }
    }
    const known = this.#tablesAt(version);
    for (const table of statement.tables) {
      if (!known.has(`${table.schema ?? schema}.${table.name}`)) return false;
    }
    this.#note(statement, schema, version);
    return true;
  }

  /** The same, found out if it is not known. */
  async find(statement: Statement, schema: string): Promise<Viewed> {
    if (this.onlyReads(statement, schema)) return 'nothing';
    if (this.#catalogue.changing) return 'unknown';
    return new Promise((resolve) => {
      const late = this.#clock.after(answerMsMax, () => resolve('unknown'));
      const answer = (viewed: Viewed): void => {
        late.cancel();
        resolve(viewed);
      };
      this.#ask(statement, schema).then(answer, () => answer('unknown'));
    });
  }

  async #ask(statement: Statement, schema: string): Promise<Viewed> {
    const catalogue = this.#catalogue;
    const { version } = catalogue;
    const { tables } = statement;
    const place = { catalogue, schema, temporary: noTables };
    const effects = await knownEffects(place, { ...statement, ...asRead });
    if (catalogue.changing || version !== catalogue.version) return 'unknown';
    if (doesSomething(effects)) return 'something';
    const known = this.#tablesAt(version);
    for (const table of tables) known.add(`${table.schema ?? schema}.${table.name}`);
    this.#note(statement, schema, version);
    return 'nothing';
  }

  #tablesAt(version: number): Set<string> {
    if (this.#version !== version || this.#tables.size > tablesMax) this.#tables = new Set();
    this.#version = version;
    return this.#tables;
  }

  #note(statement: Statement, schema: string, version: number): void {
    const found = this.#found.get(statement);
    if (found?.version === version && found.schemas.size < schemasMax) {
      found.schemas.add(schema);
      found.schema = schema;
    } else this.#found.set(statement, { version, schemas: new Set([schema]), schema });
  }
}

/** Functions that the statement itself names are not asked about. */
const asRead = { writtenTables: [], hasUnknownFunction: false } as const;

const doesSomething = (effects: WriteEffects): boolean =>
  effects.programsWrite ||
  effects.uncontrolled !== undefined ||
  effects.lockingProgram !== undefined ||
  effects.userVariablesAssigned.length > 0 ||
  effects.usesLastInsertId;
