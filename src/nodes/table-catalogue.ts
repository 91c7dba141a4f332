import { analyse } from '../sql/analyse.ts';
import { isOracleMode, type LexMode } from '../sql/lex-mode.ts';
import { lowerName } from '../sql/lower-name.ts';
import { programFacts, programMode } from '../sql/program-facts.ts';
import { isRepeatableProgram } from '../sql/repeatable.ts';
import type { Statement } from '../sql/statement.ts';
import type { NodeConnection } from './node-connection.ts';
import { queryRows, type Row } from './query-rows.ts';
import { quotedName } from './quoted-name.ts';
import type {
  ChildTable,
  RoutineInfo,
  RoutineParameter,
  TableInfo,
  TriggerInfo,
  UniqueKey,
  UnstableDefault,
} from './table-info.ts';

const tablesMax = 10_000;

type Ask = (sql: string) => Promise<Row[]>;

/**
 * Facts about tables and routines, asked of the leader once and kept until a DDL statement
 * passes. Every DDL passes through Lockstep, so what is kept is true.
 */
export class TableCatalogue {
  readonly #tables = new Map<string, Promise<TableInfo>>();
  readonly #routines = new Map<string, Promise<readonly RoutineInfo[]>>();
  readonly #control: () => Promise<NodeConnection>;
  readonly #views = new Map<string, Promise<Statement | undefined>>();
  #children: Promise<ReadonlyMap<string, readonly ChildTable[]>> | undefined;
  #version = 0;
  #changing = 0;

  constructor(control: () => Promise<NodeConnection>) {
    this.#control = control;
  }

  /** Any DDL may have changed anything. */
  forget(): void {
    this.#version += 1;
    this.#tables.clear();
    this.#views.clear();
    this.#routines.clear();
    this.#children = undefined;
  }

  /** Another one after each DDL: what was told before it may not hold. */
  get version(): number {
    return this.#version;
  }

  /** A view or a program is being changed: what is known of them may not hold much longer. */
  get changing(): boolean {
    return this.#changing > 0;
  }

  /** Call what is returned behind `forget`. */
  beginChange(): () => void {
    this.#changing += 1;
    return () => {
      this.#changing -= 1;
    };
  }

  /** The query of a view; undefined where there is none. It asks much less than `table` does. */
  view(schema: string, name: string): Promise<Statement | undefined> {
    const key = `${schema}.${name}`;
    return cached(this.#views, key, async () => {
      const known = this.#tables.get(key);
      if (known) return (await known).view;
      const { ask, mode } = await this.#open();
      const where = placeOf(schema, name);
      const [table] = await ask(
        `SELECT TABLE_TYPE AS type FROM information_schema.TABLES WHERE ${where}`,
      );
      return table?.['type'] === 'VIEW' ? readView(ask, where, mode) : undefined;
    });
  }

  table(schema: string, name: string): Promise<TableInfo> {
    return cached(this.#tables, `${schema}.${name}`, () => this.#readTable(schema, name));
  }

  /** The stored functions of that name, without case and accents, in whichever schema. */
  functions(name: string): Promise<readonly RoutineInfo[]> {
    return cached(this.#routines, `function ${name}`, async () => {
      const { ask, mode } = await this.#open();
      const where = `ROUTINE_TYPE = 'FUNCTION' AND ROUTINE_NAME = ${quotedName(name)}`;
      return readRoutines(ask, where, mode);
    });
  }

  async procedure(schema: string, name: string): Promise<RoutineInfo | undefined> {
    const [procedure] = await cached(this.#routines, `${schema}.${name}`, async () => {
      const { ask, mode } = await this.#open();
      return readRoutines(
        ask,
        `ROUTINE_TYPE = 'PROCEDURE' AND ROUTINE_SCHEMA = ${quotedName(schema)} ` +
          `AND ROUTINE_NAME = ${quotedName(name)}`,
        mode,
      );
    });
    return procedure;
  }

  /** Tables that change by foreign keys with another, by `schema.name` of that in lower case. */
  children(): Promise<ReadonlyMap<string, readonly ChildTable[]>> {
    const known = this.#children;
    if (known) return known;
    const reading = this.#open().then(({ ask }) => readChildren(ask));
    this.#children = reading;
    reading.catch(() => {
      if (this.#children === reading) this.#children = undefined;
    });
    return reading;
  }

  async #open(): Promise<{ ask: Ask; mode: LexMode }> {
    const control = await this.#control();
    const flavor = /mariadb/i.test(control.serverVersion) ? 'mariadb' : 'mysql';
    return {
      ask: async (sql) => (await queryRows(control, sql, { latin1: true })).map(binary),
      mode: { ansiQuotes: false, noBackslashEscapes: false, flavor },
    };
  }

  async #readTable(schema: string, name: string): Promise<TableInfo> {
    const { ask, mode } = await this.#open();
    const where = placeOf(schema, name);
    const [table] = await ask(
      'SELECT TABLE_TYPE AS type, t.ENGINE AS engine, e.TRANSACTIONS AS transactions ' +
        'FROM information_schema.TABLES t LEFT JOIN information_schema.ENGINES e ' +
        `ON e.ENGINE = t.ENGINE WHERE ${where}`,
    );
    const columns = await ask(
      'SELECT COLUMN_NAME AS name, EXTRA AS extra, COLUMN_DEFAULT AS value, ' +
        'IS_NULLABLE AS nullable, DATA_TYPE AS type, GENERATION_EXPRESSION AS generation ' +
        'FROM information_schema.COLUMNS ' +
        `WHERE ${where} ORDER BY ORDINAL_POSITION`,
    );
    const tableType = table?.['type'];
    const triggers = await readTriggers(ask, schema, name, mode);
    const checks = await ask(
      'SELECT CONSTRAINT_NAME AS name FROM information_schema.TABLE_CONSTRAINTS ' +
        `WHERE ${where} AND CONSTRAINT_TYPE = 'CHECK'`,
    );
    const keys = await readUniqueKeys(ask, where);
    const changesOthers = (await this.children()).has(lowerName(`${schema}.${name}`));
    const isView = tableType === 'VIEW';
    return {
      schema,
      name,
      exists: table !== undefined,
      engine: table?.['engine'] ?? '',
      transactional: table === undefined || isView || table['transactions'] === 'YES',
      columns: columns.map((column) => column['name'] ?? ''),
      takingNull: new Set(columns.filter(takesNull).map((one) => lowerName(one['name'] ?? ''))),
      uniqueKey: namingKey(keys, columns),
      uniqueKeys: [...keys].map(([key, parts]) => uniqueKey(key, parts, columns)),
      autoIncrement: columns
        .filter(({ extra }) => /auto_increment/i.test(extra ?? ''))
        .map((column) => lowerName(column['name'] ?? ''))[0],
      unstableDefaults: unstableDefaults(columns, mode),
      keepsTransactionIds: columns.some(
        ({ type, generation }) => type === 'bigint' && generation === 'ROW START',
      ),
      versioned: tableType === 'SYSTEM VERSIONED',
      changesOthers,
      triggers,
      asksClock:
        tableType !== 'BASE TABLE' ||
        table?.['engine'] !== 'InnoDB' ||
        triggers.length + checks.length > 0 ||
        changesOthers ||
        columns.some((column) => columnAsksClock(column, mode)),
      repeatable:
        (tableType === 'BASE TABLE' || tableType === 'SYSTEM VERSIONED') &&
        table?.['engine'] === 'InnoDB' &&
        columns.every((column) => isRepeatableColumn(column, mode)),
      view: isView ? await readView(ask, where, mode) : undefined,
    };
  }
}

/** As names and texts are everywhere else: a character is a byte. */
const binary = (row: Row): Row =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      value === null ? null : Buffer.from(value, 'utf8').toString('latin1'),
    ]),
  );

const placeOf = (schema: string, name: string): string =>
  `TABLE_SCHEMA = ${quotedName(schema)} AND TABLE_NAME = ${quotedName(name)}`;

function cached<T>(
  cache: Map<string, Promise<T>>,
  key: string,
  read: () => Promise<T>,
): Promise<T> {
  const known = cache.get(key);
  if (known) return known;
  if (cache.size >= tablesMax) cache.clear();
  const reading = read();
  cache.set(key, reading);
  reading.catch(() => cache.delete(key));
  return reading;
}

/** The parts of each, the primary key first; those of expressions have no name. */
async function readUniqueKeys(ask: Ask, where: string): Promise<ReadonlyMap<string, Row[]>> {
  const rows = await ask(
    'SELECT INDEX_NAME AS k, COLUMN_NAME AS name FROM information_schema.STATISTICS ' +
      `WHERE ${where} AND NON_UNIQUE = 0 ORDER BY INDEX_NAME <> 'PRIMARY', 1, SEQ_IN_INDEX`,
  );
  const keys = new Map<string, Row[]>();
  for (const row of rows) keys.set(row['k'] ?? '', [...(keys.get(row['k'] ?? '') ?? []), row]);
  return keys;
}

/** The columns of the first that is never NULL. */
function namingKey(keys: ReadonlyMap<string, Row[]>, columns: readonly Row[]): string[] {
  const never = new Set(
    columns.filter(({ nullable }) => nullable !== 'YES').map((column) => column['name']),
  );
  const found = [...keys.values()].find((parts) => parts.every(({ name }) => never.has(name)));
  return (found ?? []).map(({ name }) => name ?? '');
}

function uniqueKey(name: string, parts: readonly Row[], columns: readonly Row[]): UniqueKey {
  const named = new Set(parts.map((part) => part['name']));
  const known = columns.filter((column) => named.has(column['name']));
  return {
    name,
    parts: known.map((column) => ({
      column: lowerName(column['name'] ?? ''),
      freeWithout: freeWithoutValue(column),
      plain: plainType.test(column['type'] ?? '') && !column['generation'],
    })),
    computed: known.length < parts.length || known.some(changesByItself),
  };
}

/** It is generated, or has the time of the latest change. */
const changesByItself = ({ generation, extra }: Row): boolean =>
  Boolean(generation) || /on update/i.test(extra ?? '');

/** It becomes NULL, or an id of its own. MariaDB writes the default NULL out. */
const freeWithoutValue = ({ nullable, value, extra, generation }: Row): boolean =>
  /auto_increment/i.test(extra ?? '') ||
  (nullable === 'YES' && !generation && (value ?? 'NULL') === 'NULL');

const plainType = /^(?:(?:tiny|small|medium|big)?int|(?:var)?(?:char|binary))$/i;

function unstableDefaults(columns: readonly Row[], mode: LexMode): UnstableDefault[] {
  const found: UnstableDefault[] = [];
  for (const { name, value, extra } of columns) {
    if (!name || !value) continue;
    // MySQL shows strings without quotes; only there an expression is marked.
    if (mode.flavor === 'mysql' && !/DEFAULT_GENERATED/i.test(extra ?? '')) continue;
    const { unsafe, usesRand, usesSequence } = analyse(`DO ${value}`, mode);
    if (unsafe.length === 0 && !usesRand && !usesSequence) continue;
    found.push({ column: name, expression: value });
  }
  return found;
}

const takesNull = ({ nullable, extra }: Row): boolean =>
  nullable === 'YES' || /auto_increment/i.test(extra ?? '');

function isRepeatableColumn({ type, generation }: Row, mode: LexMode): boolean {
  if (type?.toLowerCase() === 'time') return false;
  if (!generation || /^ROW (?:START|END)$/.test(generation)) return true;
  // MySQL escapes the quotes of strings.
  return analyse(`SELECT ${generation.replaceAll("\\'", "'")}`, mode).repeatable;
}

const timed = /^(?:date|time|datetime|timestamp)$/i;
/** MariaDB shows a default as it would be written; of strings the quotes are doubled. */
const literal = /^(?:NULL|'(?:[^']|'')*'|b'[01]*'|x'[0-9a-f]*'|-?[\d.]+(?:e[-+]?\d+)?)$/i;

/** Rather one too many than one too few. */
function columnAsksClock({ type, value, extra, generation }: Row, { flavor }: LexMode): boolean {
  if (timed.test(type ?? '') || generation) return true;
  if (extra && !/^auto_increment$/i.test(extra)) return true;
  // MySQL says so in `extra` where a default is an expression.
  return flavor === 'mariadb' && !!value && !literal.test(value);
}

async function readChildren(ask: Ask): Promise<ReadonlyMap<string, readonly ChildTable[]>> {
  const rows = await ask(
    'SELECT UNIQUE_CONSTRAINT_SCHEMA AS parentSchema, REFERENCED_TABLE_NAME AS parent, ' +
      'CONSTRAINT_SCHEMA AS s, TABLE_NAME AS n ' +
      'FROM information_schema.REFERENTIAL_CONSTRAINTS ' +
      "WHERE DELETE_RULE NOT IN ('RESTRICT', 'NO ACTION') " +
      "OR UPDATE_RULE NOT IN ('RESTRICT', 'NO ACTION')",
  );
  const children = new Map<string, ChildTable[]>();
  for (const { parentSchema, parent, s, n } of rows) {
    const key = lowerName(`${parentSchema}.${parent}`);
    children.set(key, [...(children.get(key) ?? []), { schema: s ?? '', name: n ?? '' }]);
  }
  return children;
}

async function readRoutines(ask: Ask, where: string, mode: LexMode): Promise<RoutineInfo[]> {
  const rows = await ask(
    'SELECT ROUTINE_SCHEMA AS s, ROUTINE_NAME AS n, ROUTINE_TYPE AS type, SQL_MODE AS sqlMode, ' +
      'ROUTINE_DEFINITION AS body, SECURITY_TYPE AS security, DATA_TYPE AS returns ' +
      `FROM information_schema.ROUTINES WHERE ${where}`,
  );
  const routines: RoutineInfo[] = [];
  for (const { s, n, type, sqlMode, body, security, returns } of rows) {
    const schema = s ?? '';
    const name = n ?? '';
    const parameters = await ask(
      'SELECT PARAMETER_NAME AS name, PARAMETER_MODE AS mode, DATA_TYPE AS type ' +
        'FROM information_schema.PARAMETERS ' +
        `WHERE SPECIFIC_SCHEMA = ${quotedName(schema)} AND SPECIFIC_NAME = ${quotedName(name)} ` +
        `AND ROUTINE_TYPE = '${type}' AND ORDINAL_POSITION > 0 ORDER BY ORDINAL_POSITION`,
    );
    const facts = programFacts(
      {
        kind: type === 'PROCEDURE' ? 'procedure' : 'function',
        body: body ?? '',
        definer: security === 'DEFINER',
        parameters: parameters.map((parameter) => parameter['name'] ?? ''),
        sqlMode: sqlMode ?? '',
      },
      mode,
    );
    routines.push({
      schema,
      name,
      facts,
      repeatable:
        type === 'FUNCTION' &&
        !isOracleMode(sqlMode ?? '') &&
        ![returns, ...parameters.map((one) => one['type'])].some((one) =>
          /^time$/i.test(one ?? ''),
        ) &&
        isRepeatableProgram(body ?? '', programMode(sqlMode ?? '', mode)),
      parameters: parameters.map((parameter) => ({
        name: parameter['name'] ?? '',
        mode: (parameter['mode'] ?? 'IN') as RoutineParameter['mode'],
      })),
    });
  }
  return routines;
}

async function readTriggers(
  ask: Ask,
  schema: string,
  name: string,
  mode: LexMode,
): Promise<TriggerInfo[]> {
  const rows = await ask(
    'SELECT TRIGGER_NAME AS name, EVENT_MANIPULATION AS event, ACTION_STATEMENT AS body, ' +
      'SQL_MODE AS sqlMode ' +
      `FROM information_schema.TRIGGERS WHERE EVENT_OBJECT_SCHEMA = ${quotedName(schema)} ` +
      `AND EVENT_OBJECT_TABLE = ${quotedName(name)}`,
  );
  return rows.map((row) => ({
    name: row['name'] ?? '',
    event: row['event'] as TriggerInfo['event'],
    facts: programFacts(
      {
        kind: 'trigger',
        body: row['body'] ?? '',
        definer: true,
        parameters: [],
        sqlMode: row['sqlMode'] ?? '',
      },
      mode,
    ),
  }));
}

async function readView(ask: Ask, where: string, mode: LexMode) {
  const [row] = await ask(
    `SELECT VIEW_DEFINITION AS body FROM information_schema.VIEWS WHERE ${where}`,
  );
  return analyse(row?.['body'] ?? '', mode);
}
