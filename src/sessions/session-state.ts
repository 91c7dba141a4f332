import { LockstepError } from '../base/errors.ts';
import type { ServerFacts } from '../nodes/server-facts.ts';
import type { CommandContext } from '../replication/command.ts';
import { lowerName } from '../sql/lower-name.ts';
import { beyondAscii, inCharset, nameCharsetOf, readAsUtf8 } from '../sql/name-charset.ts';
import { quoteIdentifier } from '../sql/quote.ts';
import { renderCharsets, renderSettings } from './connection-charsets.ts';

/** Session state as a connection can carry it. Immutable: a change makes a new one. */
export interface CarriedState {
  /** Equal keys mean equal state. */
  readonly key: string;
  readonly schema: string;
  /** System variables that differ from the server's defaults, and NAMES: name and SQL literal. */
  readonly settings: ReadonlyMap<string, string>;
  /** User variables: lower-case name and SQL literal. */
  readonly userVariables: ReadonlyMap<string, string>;
  /** MySQL: the collation that each user variable with a number got from the connection. */
  readonly numberCollations: ReadonlyMap<string, string>;
  /** Statements that set what has no value to be read, by what they set. */
  readonly replayed: ReadonlyMap<string, string>;
}

export const emptyState: CarriedState = {
  key: '',
  schema: '',
  settings: new Map(),
  userVariables: new Map(),
  numberCollations: new Map(),
  replayed: new Map(),
};

/** What most clients of an application set is the same: it is kept once. */
const common = new Map<string, CarriedState>();
const commonMax = 256;
const commonKeyMax = 4096;

/** The one that is there already, of those that many sessions may have. */
function shared(state: CarriedState): CarriedState {
  const { userVariables, numberCollations, replayed } = state;
  if (userVariables.size + numberCollations.size + replayed.size > 0) return state;
  if (state.key.length > commonKeyMax) return state;
  const known = common.get(state.key);
  if (known) return known;
  if (common.size >= commonMax) common.clear();
  common.set(state.key, state);
  return state;
}

/** What writes depend on, by the state they are made in and the node they run on. */
const contexts = new WeakMap<CarriedState, WeakMap<ServerFacts, CommandContext>>();

/** More of them than any client has use for. */
const replayedMax = 100;

/**
 * What a client's session has set, independent of any connection, so that whichever
 * connection serves it next can be brought to the same state.
 */
export class SessionState {
  #carried: CarriedState = emptyState;

  get carried(): CarriedState {
    return this.#carried;
  }

  get schema(): string {
    return this.#carried.schema;
  }

  useSchema(schema: string): void {
    this.#change({ schema });
  }

  /** `literal` undefined returns the variable to the server's default. */
  setVariables(values: Iterable<readonly [name: string, literal: string | undefined]>): void {
    const settings = new Map(this.#carried.settings);
    for (const [name, literal] of values) {
      settings.delete(name);
      if (literal !== undefined) settings.set(name, literal);
    }
    this.#change({ settings });
  }

  /** Variables that hold for one use only (insert_id, rand_seed1): it was made. True if any was. */
  used(...names: readonly string[]): boolean {
    const { settings } = this.#carried;
    if (!names.some((name) => settings.has(name))) return false;
    this.setVariables(names.map((name) => [name, undefined]));
    return true;
  }

  setUserVariables(
    values: Iterable<readonly [name: string, literal: string, numberCollation?: string]>,
  ): void {
    const userVariables = new Map(this.#carried.userVariables);
    const numberCollations = new Map(this.#carried.numberCollations);
    for (const [name, literal, numberCollation] of values) {
      userVariables.delete(name);
      numberCollations.delete(name);
      if (literal !== 'NULL') userVariables.set(name, literal);
      if (numberCollation !== undefined) numberCollations.set(name, numberCollation);
    }
    this.#change({ userVariables, numberCollations });
  }

  /** Has `sql` run on every connection to come; it replaces an earlier one of the same kind. */
  replay(kind: string, sql: string): void {
    const replayed = new Map(this.#carried.replayed);
    replayed.delete(kind);
    replayed.set(kind, sql);
    if (replayed.size > replayedMax) {
      throw new LockstepError(
        'queue_full',
        `more than ${replayedMax} SET statements to be carried`,
      );
    }
    this.#change({ replayed });
  }

  /** As COM_RESET_CONNECTION: everything but the schema returns to its default. */
  reset(initialSettings: ReadonlyMap<string, string>): void {
    this.#change({
      settings: new Map(initialSettings),
      userVariables: new Map(),
      numberCollations: new Map(),
      replayed: new Map(),
    });
  }

  /** Returns to what the session had before. */
  restore(state: CarriedState): void {
    this.#change(state);
  }

  /** What a write logged now depends on, given the defaults of the node it ran on. */
  commandContext(facts: ServerFacts): CommandContext {
    const ofState = contexts.get(this.#carried) ?? new WeakMap<ServerFacts, CommandContext>();
    const known = ofState.get(facts);
    if (known) return known;
    const assignments = [...facts.defaults].map(
      ([name, standard]) => `${name}=${this.#carried.settings.get(name) ?? standard}`,
    );
    const context = { schema: this.#carried.schema, settings: `SET ${assignments.join(',')}` };
    contexts.set(this.#carried, ofState.set(facts, context));
    return context;
  }

  #change(part: Partial<Omit<CarriedState, 'key'>>): void {
    const next = { ...this.#carried, ...part };
    this.#carried = shared({ ...next, key: keyOf(next) });
  }
}

/** The same state in another schema. */
export function inSchema(state: CarriedState, schema: string): CarriedState {
  if (state.schema === schema) return state;
  const moved = { ...state, schema };
  return { ...moved, key: keyOf(moved) };
}

function keyOf(state: Omit<CarriedState, 'key'>): string {
  const { schema, settings, userVariables, numberCollations, replayed } = state;
  const size = settings.size + userVariables.size + replayed.size;
  if (schema === '' && size === 0) return '';
  // Settings in their order: some change others, as max_join_size does sql_big_selects.
  const ordered = [[...settings], sorted(userVariables), sorted(numberCollations), [...replayed]];
  return JSON.stringify([schema, ...ordered]);
}

const sorted = (values: ReadonlyMap<string, string>): (readonly [string, string])[] =>
  [...values].toSorted(([a], [b]) => (a < b ? -1 : 1));

/**
 * The SET statements that give a fresh session this state. A server reads names in the character
 * set that holds when the statement arrives, so those beyond ASCII come behind the settings.
 */
export function renderState(state: CarriedState): string[] {
  const assignments = renderSettings(state.settings);
  const [variables = [], ...others] = renderUserVariables(state, state.userVariables.keys());
  const groups = variables.some((text) => beyondAscii(text) || isNullNumber.test(text))
    ? [assignments, variables]
    : [[...assignments, ...variables]];
  const sets = [...groups, ...others].flatMap((group) =>
    group.length === 0 ? [] : [`SET ${group.join(',')}`],
  );
  return [...sets, ...renderCollations(state, state.userVariables.keys())];
}

/**
 * The assignments that make variables what they are in the session; each group is a statement.
 * MySQL gives a number the collation of the connection, so one that got another is set under that.
 */
export function renderUserVariables(state: CarriedState, names: Iterable<string>): string[][] {
  const current = state.settings.get('collation_connection') ?? 'DEFAULT';
  const groups = new Map<string, string[]>([[current, []]]);
  for (const name of names) {
    const key = lowerName(name);
    const collation = state.numberCollations.get(key) ?? current;
    const group = groups.get(collation) ?? [];
    const literal = state.userVariables.get(key) ?? 'NULL';
    group.push(...assignmentsOf(`@${quoteIdentifier(name)}`, literal));
    groups.set(collation, group);
  }
  const [[, first] = [current, []], ...others] = groups;
  if (others.length === 0) return inUtf8(state, [first]);
  const under = (collation: string): string[] => [`collation_connection=${collation}`];
  const each = others.flatMap(([name, group]) => [under(name), group]);
  return inUtf8(state, [first, ...each, under(current)]);
}

/** Names are in UTF-8, whatever the client writes them in. */
function inUtf8({ settings }: CarriedState, groups: string[][]): string[][] {
  if (charsetOf(settings) === undefined || !groups.flat().some(beyondAscii)) return groups;
  return [[readAsUtf8], ...groups, renderCharsets(settings)];
}

/** That names have to be written in for such a session; undefined for UTF-8. */
const charsetOf = (settings: CarriedState['settings']): string | undefined =>
  nameCharsetOf(settings.get('character_set_client'));

/** Its schema has no name in the character set of its client, or another than here. */
export const isForeign = ({ schema, settings }: CarriedState): boolean =>
  beyondAscii(schema) && charsetOf(settings) !== undefined;

const unsignedZero = 'CAST(0 AS UNSIGNED)';

/** On MySQL no expression is a NULL without sign, but a variable that had no sign stays without. */
function assignmentsOf(variable: string, literal: string): string[] {
  const isNull = literal === `NULLIF(${unsignedZero},${unsignedZero})`;
  if (isNull) return [`${variable}=${unsignedZero}`, `${variable}=NULL`];
  return [`${variable}=${notText.exec(literal)?.[1] ?? literal}`];
}

/**
 * Bytes that are no text in the character set of their variable, which no expression can give: so
 * they are set as they are, and reading an assignment that is not executed gives them the collation
 * (MariaDB 10.11).
 */
const notText = /^(X'[^']*') COLLATE (([a-z0-9]+)\w*)$/;

export const isNotText = (literal: string): boolean => notText.test(literal);

export function renderCollations(state: CarriedState, names: Iterable<string>): string[] {
  return [...names].flatMap((name) => {
    const literal = state.userVariables.get(lowerName(name)) ?? 'NULL';
    const [, , collation, charset] = notText.exec(literal) ?? [];
    if (collation === undefined) return [];
    const variable = inCharset(`@${quoteIdentifier(name)}`, charsetOf(state.settings));
    return [`DO IF(1,1,${variable}:=_${charset}'' COLLATE ${collation})`];
  });
}

/** It gets the collation that the connection has when the statement arrives. */
const isNullNumber = /=(?:NULLIF\([0C]|CAST\(0 AS UNSIGNED\)$)/;
