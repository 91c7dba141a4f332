import { LockstepError } from '../base/errors.ts';
import { NodeQueryError } from '../nodes/query-rows.ts';
import type { TableCatalogue } from '../nodes/table-catalogue.ts';
import type { TableInfo } from '../nodes/table-info.ts';
import type { ProgramFacts } from '../sql/program-facts.ts';
import type { Statement, TableName } from '../sql/statement.ts';
import { LeaderRetry } from './leader-retry.ts';
import { isMarkers } from './is-markers.ts';
import type { SessionCore } from './session-core.ts';
import { lowerName } from '../sql/lower-name.ts';

/** What a write does beyond its own text, as the catalogue tells. */
export interface WriteEffects {
  /** The tables it names as written, temporary ones left out. */
  readonly targets: readonly TableInfo[];
  /** Views that it reads compute differently on every node; what, where. */
  readonly unsafeViews: readonly string[];
  /** Functions and triggers that it runs compute differently on every node; what, where. */
  readonly unsafePrograms: readonly string[];
  /** Programs whose SELECT takes no locks. */
  readonly selectingPrograms: readonly string[];
  /** Programs that go on after errors. */
  readonly handlingPrograms: readonly string[];
  /** Tables of several unique keys that programs with ON DUPLICATE KEY UPDATE write. */
  readonly upserted: readonly TableInfo[];
  /** AUTO_INCREMENT columns of tables that programs write. */
  readonly nestedIds: readonly NestedId[];
  /** What only a server can do right, in a program: COMMIT, DDL, dynamic SQL; and where. */
  readonly uncontrolled: string | undefined;
  readonly runsProgram: boolean;
  readonly programsWrite: boolean;
  readonly programsRead: boolean;
  /** They write to the schema in which nodes keep their positions. */
  readonly programsWriteMarkers: boolean;
  readonly userVariablesRead: readonly string[];
  readonly userVariablesAssigned: readonly string[];
  readonly usesLastInsertId: boolean;
  /** A procedure may set ROW_COUNT(). */
  readonly countsRows: boolean;
  /** A program that takes or releases user-level locks. */
  readonly lockingProgram: string | undefined;
}

/** Ids that a program generates. */
export interface NestedId {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
  readonly by: string;
  /** Every node generates them for the same rows in the same order. */
  readonly ordered: boolean;
}

const none: WriteEffects = {
  targets: [],
  unsafeViews: [],
  unsafePrograms: [],
  selectingPrograms: [],
  handlingPrograms: [],
  upserted: [],
  nestedIds: [],
  uncontrolled: undefined,
  runsProgram: false,
  programsWrite: false,
  programsRead: false,
  programsWriteMarkers: false,
  userVariablesRead: [],
  userVariablesAssigned: [],
  usesLastInsertId: false,
  countsRows: false,
  lockingProgram: undefined,
};

const depthMax = 20;

/**
 * Follows views and programs. `statement` may be a read that calls functions. What is not known
 * yet is asked of the leader, and of the next one if that is lost meanwhile.
 */
export async function effectsOf(core: SessionCore, statement: Statement): Promise<WriteEffects> {
  const { replicator, config, catalogue } = core.context;
  const { schema } = core.state;
  const retry = new LeaderRetry(core);
  for (;;) {
    try {
      return await knownEffects({ catalogue, schema, temporary: core.temporaryTables }, statement);
    } catch (error) {
      const leaderless = error instanceof LockstepError && error.code === 'no_node';
      if (error instanceof NodeQueryError || (error instanceof LockstepError && !leaderless)) {
        throw error;
      }
      const leadership = await replicator.beginTerm(config.noNodeTimeoutMs);
      if (!leaderless) await retry.pause(leadership, error);
    }
  }
}

/** Where a statement runs. */
interface Place {
  readonly catalogue: TableCatalogue;
  /** The default one. */
  readonly schema: string;
  /** The session's temporary tables, by `schema.name` in lower case. */
  readonly temporary: ReadonlySet<string>;
}

/** The same as the leader tells now; rejects when it does not. */
export async function knownEffects(place: Place, statement: Statement): Promise<WriteEffects> {
  const walk = new EffectsWalk(place);
  await walk.statement(statement);
  return walk.result;
}

interface NamedView {
  readonly schema: string;
  readonly name: string;
  readonly view: Statement;
}

/** They take effect beyond the statement, on the one connection that it runs on. */
const locks = ['GET_LOCK', 'RELEASE_LOCK', 'RELEASE_ALL_LOCKS'];

interface NamedProgram {
  readonly label: string;
  readonly schema: string;
  readonly facts: ProgramFacts;
}

type Mutable<T> = {
  -readonly [Name in keyof T]: T[Name] extends readonly (infer I)[] ? I[] : T[Name];
};

class EffectsWalk {
  readonly #place: Place;
  readonly #seen = new Set<string>();
  readonly result: Mutable<WriteEffects> = {
    ...none,
    targets: [],
    unsafeViews: [],
    unsafePrograms: [],
    selectingPrograms: [],
    handlingPrograms: [],
    upserted: [],
    nestedIds: [],
    userVariablesRead: [],
    userVariablesAssigned: [],
  };

  constructor(place: Place) {
    this.#place = place;
  }

  async statement(statement: Statement): Promise<void> {
    const written = new Set(statement.writtenTables);
    for (const table of statement.tables) {
      if (written.has(table) || statement.writtenTables.some((one) => same(one, table))) {
        await this.#target(table, statement);
      } else if (!isTemporaryIn(this.#place, table, this.#place.schema)) {
        await this.#read(table, this.#place.schema, 0);
      }
    }
    if (statement.kind === 'call' && statement.routine) {
      await this.#procedure(statement.routine, this.#place.schema, 0);
    }
    if (!statement.hasUnknownFunction) return;
    // Over several rows they are called in no fixed order.
    await this.#functions(statement.functions, statement.tables.length === 0 ? 0 : 1);
  }

  async #target(table: TableName, statement: Statement): Promise<void> {
    const info = await this.#table(table, this.#place.schema);
    if (!info) return;
    this.result.targets.push(info);
    for (const { name, event, facts } of info.triggers) {
      if (!fires(statement, event)) continue;
      await this.#program({ label: `trigger ${name}`, schema: info.schema, facts }, 0);
    }
    if (info.view) await this.#view({ ...info, view: info.view }, true, 0);
  }

  /** A table that is not written to, which may be a view. */
  async #read({ schema, name }: TableName, inSchema: string, depth: number): Promise<void> {
    const named = { schema: schema ?? inSchema, name };
    const view = await this.#place.catalogue.view(named.schema, name);
    if (view) await this.#view({ ...named, view }, false, depth);
  }

  async #procedure({ schema, name }: TableName, inSchema: string, depth: number): Promise<void> {
    const found = await this.#place.catalogue.procedure(schema ?? inSchema, name);
    if (!found) return;
    this.result.countsRows ||= found.facts.countsRows;
    const label = `procedure ${found.name}`;
    await this.#program({ label, schema: found.schema, facts: found.facts }, depth);
  }

  async #table(table: TableName, schema: string): Promise<TableInfo | undefined> {
    const of = table.schema ?? schema;
    if (isTemporaryIn(this.#place, table, schema)) return undefined;
    return this.#place.catalogue.table(of, table.name);
  }

  async #view({ schema, name, view }: NamedView, isTarget: boolean, depth: number): Promise<void> {
    if (depth > depthMax) return this.#tooDeep(`view ${name}`);
    const { result } = this;
    const { unsafe } = view;
    const limit = view.limit && view.orderBy === null;
    if (unsafe.length > 0 || view.usesRand || limit) {
      result.unsafeViews.push(`view ${name} (${unsafe[0]?.text ?? 'RAND or LIMIT'})`);
    }
    if (view.usesSequence) {
      result.programsWrite = true;
      result.unsafePrograms.push(`a sequence in view ${name}`);
    }
    if (locks.some((one) => view.functions.has(one))) {
      result.lockingProgram ??= `view ${name}`;
      result.unsafePrograms.push(`a lock in view ${name}`);
    }
    for (const table of view.tables) {
      if (!isTarget) {
        await this.#read(table, schema, depth + 1);
        continue;
      }
      const inner = await this.#table(table, schema);
      if (!inner) continue;
      result.targets.push(inner);
      for (const trigger of inner.triggers) {
        const label = `trigger ${trigger.name}`;
        await this.#program({ label, schema: inner.schema, facts: trigger.facts }, depth + 1);
      }
      if (inner.view) await this.#view({ ...inner, view: inner.view }, true, depth + 1);
    }
    if (view.hasUnknownFunction) await this.#functions(view.functions, depth + 1);
  }

  /** It may do anything. */
  #tooDeep(label: string): void {
    const { result } = this;
    result.programsWrite = true;
    result.uncontrolled ??= `${label} within more than ${depthMax} others`;
    result.unsafePrograms.push(result.uncontrolled);
  }

  async #functions(names: Iterable<string>, depth: number): Promise<void> {
    for (const name of names) {
      for (const routine of await this.#place.catalogue.functions(name)) {
        const label = `function ${routine.name}`;
        await this.#program({ label, schema: routine.schema, facts: routine.facts }, depth);
      }
    }
  }

  /** A view within a program must be one that is read, and the same for every node. */
  async #viewOfProgram(table: TableName, { label, schema, facts }: NamedProgram): Promise<void> {
    const named = { schema: table.schema ?? schema, name: table.name };
    const view = await this.#place.catalogue.view(named.schema, named.name);
    if (!view) return;
    const before = this.result.unsafeViews.length;
    await this.#view({ ...named, view }, false, 0);
    const [unsafe] = this.result.unsafeViews.splice(before);
    if (unsafe !== undefined) this.result.unsafePrograms.push(`${unsafe} in ${label}`);
    if (!facts.writtenTables.some((one) => same(one, table))) return;
    this.result.unsafePrograms.push(`writing through view ${named.name} in ${label}`);
  }

  /** `depth` 0: what the statement itself runs, row by row in the order of its text. */
  async #program({ label, schema, facts }: NamedProgram, depth: number): Promise<void> {
    const key = `${schema}.${label}`;
    if (this.#seen.has(key)) return;
    if (depth > depthMax) return this.#tooDeep(label);
    this.#seen.add(key);
    const { result } = this;
    result.runsProgram = true;
    const [unsafe] = [...facts.beyond, ...facts.unsafe];
    if (unsafe !== undefined) result.unsafePrograms.push(`${unsafe} in ${label}`);
    if (facts.beyond.length > 0) result.uncontrolled ??= `${facts.beyond[0]} in ${label}`;
    if (facts.handlesErrors) result.handlingPrograms.push(label);
    if (facts.selects) result.selectingPrograms.push(label);
    result.programsRead ||= facts.tables.length > 0;
    result.programsWrite ||= facts.writtenTables.length > 0 || facts.usesSequence;
    result.userVariablesRead.push(...facts.userVariablesRead);
    result.userVariablesAssigned.push(...facts.userVariablesAssigned);
    result.usesLastInsertId ||= facts.usesLastInsertId;
    if (facts.usesUserLock) result.lockingProgram ??= label;
    for (const table of facts.writtenTables) {
      const info = await this.#place.catalogue.table(table.schema ?? schema, table.name);
      result.programsWriteMarkers ||= isMarkers(info.schema);
      if (!info.transactional) result.unsafePrograms.push(`${info.engine} table ${info.name}`);
      if (facts.upserts && info.uniqueKeys.length > 1) result.upserted.push(info);
      if (info.keepsTransactionIds) result.unsafePrograms.push(`the history of ${info.name}`);
      if (info.autoIncrement !== undefined) {
        const ordered = depth === 0 && !facts.insertsSelected;
        const of = { schema: info.schema, table: info.name, column: info.autoIncrement };
        result.nestedIds.push({ ...of, by: label, ordered });
      }
      if (info.unstableDefaults.length > 0) {
        result.unsafePrograms.push(`the default of ${info.name} in ${label}`);
      }
      for (const trigger of info.triggers) {
        const { name, facts: inner } = trigger;
        const named = { label: `trigger ${name}`, schema: info.schema, facts: inner };
        await this.#program(named, depth + 1);
      }
    }
    const temporary = facts.tables.find((table) => isTemporaryIn(this.#place, table, schema));
    if (temporary) result.unsafePrograms.push(`temporary table ${temporary.name} in ${label}`);
    for (const table of facts.tables) await this.#viewOfProgram(table, { label, schema, facts });
    // What a procedure calls runs one after the other too; in a trigger the server refuses it.
    for (const called of facts.calls) await this.#procedure(called, schema, depth);
    await this.#functions(facts.functions, depth + 1);
  }
}

const isTemporaryIn = (
  { temporary }: Place,
  { schema, name }: TableName,
  inSchema: string,
): boolean => temporary.has(lowerName(`${schema ?? inSchema}.${name}`));

const same = (a: TableName, b: TableName): boolean => a.name === b.name && a.schema === b.schema;

/** REPLACE deletes, ON DUPLICATE KEY updates; of other verbs each may do anything. */
function fires(statement: Statement, event: 'INSERT' | 'UPDATE' | 'DELETE'): boolean {
  switch (statement.verb) {
    case 'INSERT':
      return event === 'INSERT' || (event === 'UPDATE' && statement.onDuplicateKey);
    case 'REPLACE':
      return event !== 'UPDATE';
    case 'UPDATE':
    case 'DELETE':
      return event === statement.verb;
    default:
      return true;
  }
}
