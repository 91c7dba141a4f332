import type { Clock, Timer } from '../base/clock.ts';
import type { TableCatalogue } from '../nodes/table-catalogue.ts';
import type { Statement } from '../sql/statement.ts';
import { knownEffects, type WriteEffects } from './write-effects.ts';

/** So long a read waits to hear what its views do, as long as the leader seems to be well. */
const answerMsMax = 10_000;
/** So often it looks whether the leader is. */
const lookMs = 500;
/** So long it waits for a definition that is being changed, and looks so often. */
const changeMsMax = 2000;
const changeLookMs = 20;
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
  readonly #leaderIsWell: () => boolean;
  readonly #found = new WeakMap<Statement, Found>();
  /** Tables that do nothing, at that version; by their names as they are. */
  #tables = new Set<string>();
  #version = -1;

  constructor(options: {
    readonly catalogue: TableCatalogue;
    readonly clock: Clock;
    /** There is one, and nobody doubts that it answers. */
    readonly leaderIsWell: () => boolean;
  }) {
    this.#catalogue = options.catalogue;
    this.#clock = options.clock;
    this.#leaderIsWell = options.leaderIsWell;
  }

  /** Whether it is known now that the read does nothing but read. `schema`: the default one. */
  onlyReads(statement: Statement, schema: string): boolean {
    return !this.#catalogue.changing && this.#wasFound(statement, schema);
  }

  #wasFound(statement: Statement, schema: string): boolean {
    const { version } = this.#catalogue;
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
    const catalogue = this.#catalogue;
    if (this.#wasFound(statement, schema)) return catalogue.changing ? 'unknown' : 'nothing';
    for (let waitedMs = 0; catalogue.changing; waitedMs += changeLookMs) {
      if (waitedMs >= changeMsMax) return 'unknown';
      await this.#pause(changeLookMs);
    }
    return this.#answered(this.#ask(statement, schema));
  }

  /** What the leader says, unless there is doubt that it will. */
  #answered(asking: Promise<Viewed>): Promise<Viewed> {
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      const answer = (viewed: Viewed): void => {
        timer?.cancel();
        resolve(viewed);
      };
      const look = (leftMs: number): void => {
        timer = this.#clock.after(lookMs, () =>
          leftMs > 0 && this.#leaderIsWell() ? look(leftMs - lookMs) : answer('unknown'),
        );
      };
      look(answerMsMax - lookMs);
      asking.then(answer, () => answer('unknown'));
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.after(ms, resolve);
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
