import { LockstepError } from '../base/errors.ts';
import { NodeQueryError } from '../nodes/query-rows.ts';
import type { TableInfo } from '../nodes/table-info.ts';
import type { ProgramFacts } from '../sql/program-facts.ts';
import type { Statement, TableName } from '../sql/statement.ts';
import { LeaderRetry } from './leader-retry.ts';
import type { SessionCore } from './session-core.ts';

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
  /** AUTO_INCREMENT columns of tables that programs write. */
  readonly nestedIds: readonly string[];
  readonly runsProgram: boolean;
  readonly programsWrite: boolean;
  readonly userVariablesRead: readonly string[];
  readonly usesLastInsertId: boolean;
}

const none: WriteEffects = {
  targets: [],
  unsafeViews: [],
  unsafePrograms: [],
  selectingPrograms: [],
  nestedIds: [],
  runsProgram: false,
  programsWrite: false,
  userVariablesRead: [],
  usesLastInsertId: false,
};

const depthMax = 20;

/**
 * Follows views, triggers and functions. `statement` may be a read that calls functions. What is
 * not known yet is asked of the leader, and of the next one if that is lost meanwhile.
 */
export async function effectsOf(core: SessionCore, statement: Statement): Promise<WriteEffects> {
  const { replicator, config } = core.context;
  const retry = new LeaderRetry(core);
  for (;;) {
    const walk = new EffectsWalk(core);
    try {
      await walk.statement(statement);
      return walk.result;
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

type Mutable<T> = {
  -readonly [Name in keyof T]: T[Name] extends readonly (infer I)[] ? I[] : T[Name];
};

class EffectsWalk {
  readonly #core: SessionCore;
  readonly #seen = new Set<string>();
  readonly result: Mutable<WriteEffects> = {
    ...none,
    targets: [],
    unsafeViews: [],
    unsafePrograms: [],
    selectingPrograms: [],
    nestedIds: [],
    userVariablesRead: [],
  };

  constructor(core: SessionCore) {
    this.#core = core;
  }

  async statement(statement: Statement): Promise<void> {
    const written = new Set(statement.writtenTables);
    for (const table of statement.tables) {
      const info = await this.#table(table, this.#core.state.schema);
      if (!info) continue;
      const isTarget =
        written.has(table) || statement.writtenTables.some((one) => same(one, table));
      if (isTarget) {
        this.result.targets.push(info);
        for (const trigger of info.triggers) {
          if (fires(statement, trigger.event)) {
            await this.#program(`trigger ${trigger.name}`, info.schema, trigger.facts, 0);
          }
        }
      }
      await this.#view(info, isTarget, 0);
    }
    if (statement.hasUnknownFunction) await this.#functions(statement.functions, 0);
  }

  async #table(table: TableName, schema: string): Promise<TableInfo | undefined> {
    const of = table.schema ?? schema;
    if (this.#core.temporaryTables.has(`${of}.${table.name}`.toLowerCase())) return undefined;
    return this.#core.context.catalogue.table(of, table.name);
  }

  async #view(info: TableInfo, isTarget: boolean, depth: number): Promise<void> {
    const { view } = info;
    if (!view || depth > depthMax) return;
    const { unsafe } = view;
    const limit = view.limit && view.orderBy === null;
    if (unsafe.length > 0 || view.usesRand || limit) {
      this.result.unsafeViews.push(`view ${info.name} (${unsafe[0]?.text ?? 'RAND or LIMIT'})`);
    }
    for (const table of view.tables) {
      const inner = await this.#table(table, info.schema);
      if (!inner) continue;
      if (isTarget) {
        this.result.targets.push(inner);
        for (const trigger of inner.triggers) {
          await this.#program(`trigger ${trigger.name}`, inner.schema, trigger.facts, depth + 1);
        }
      }
      await this.#view(inner, isTarget, depth + 1);
    }
    if (view.hasUnknownFunction) await this.#functions(view.functions, depth + 1);
  }

  async #functions(names: Iterable<string>, depth: number): Promise<void> {
    for (const name of names) {
      for (const routine of await this.#core.context.catalogue.functions(name)) {
        await this.#program(`function ${routine.name}`, routine.schema, routine.facts, depth);
      }
    }
  }

  async #program(label: string, schema: string, facts: ProgramFacts, depth: number): Promise<void> {
    const key = `${schema}.${label}`;
    if (this.#seen.has(key) || depth > depthMax) return;
    this.#seen.add(key);
    const { result } = this;
    result.runsProgram = true;
    if (facts.unsafe.length > 0) result.unsafePrograms.push(`${facts.unsafe[0]} in ${label}`);
    if (facts.selects) result.selectingPrograms.push(label);
    result.programsWrite ||= facts.writtenTables.length > 0 || facts.usesSequence;
    result.userVariablesRead.push(...facts.userVariablesRead);
    result.usesLastInsertId ||= facts.usesLastInsertId;
    for (const table of facts.writtenTables) {
      const info = await this.#core.context.catalogue.table(table.schema ?? schema, table.name);
      if (info.schema === 'lockstep') result.unsafePrograms.push('the schema lockstep');
      if (!info.transactional) result.unsafePrograms.push(`${info.engine} table ${info.name}`);
      if (info.keepsTransactionIds) result.unsafePrograms.push(`the history of ${info.name}`);
      if (info.autoIncrement !== undefined) {
        result.nestedIds.push(`${info.name}.${info.autoIncrement} (by ${label})`);
      }
      if (info.unstableDefaults.length > 0) {
        result.unsafePrograms.push(`the default of ${info.name} in ${label}`);
      }
      for (const trigger of info.triggers) {
        await this.#program(`trigger ${trigger.name}`, info.schema, trigger.facts, depth + 1);
      }
    }
    await this.#functions(facts.functions, depth + 1);
  }
}

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
