import type { ProgramFacts } from '../sql/program-facts.ts';
import type { Statement } from '../sql/statement.ts';

/** A column whose default each node would compute differently. */
export interface UnstableDefault {
  /** As the table has it. */
  readonly column: string;
  readonly expression: string;
}

export interface UniqueKey {
  readonly name: string;
  /** Those of expressions left out. */
  readonly parts: readonly KeyPart[];
  /** A part is computed, so that whatever changes the row may change it. */
  readonly computed: boolean;
}

export interface KeyPart {
  /** As `lowerName` has it. */
  readonly column: string;
  /** A row to which a statement gives no value for it does not meet others in the key. */
  readonly freeWithout: boolean;
  /** A whole number or a text: assigned to itself it stays what it is. */
  readonly plain: boolean;
}

export interface TriggerInfo {
  readonly name: string;
  readonly event: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly facts: ProgramFacts;
}

/** What a write must know of a table so that every node computes the same. */
export interface TableInfo {
  readonly schema: string;
  readonly name: string;
  readonly exists: boolean;
  readonly engine: string;
  readonly transactional: boolean;
  readonly columns: readonly string[];
  /** Those that take NULL, or make an id of it; as `lowerName` has them. */
  readonly takingNull: ReadonlySet<string>;
  /** Columns of the primary key, else of a unique key without NULL; empty without either. */
  readonly uniqueKey: readonly string[];
  /** Every unique key, that one too. */
  readonly uniqueKeys: readonly UniqueKey[];
  /** The AUTO_INCREMENT column, lower case. */
  readonly autoIncrement: string | undefined;
  readonly unstableDefaults: readonly UnstableDefault[];
  /** MariaDB: its rows keep the numbers of the transactions that wrote them. */
  readonly keepsTransactionIds: boolean;
  /** MariaDB: it keeps its history, for which a server may add partitions at any write. */
  readonly versioned: boolean;
  /** By foreign keys rows of other tables change with its own. */
  readonly changesOthers: boolean;
  readonly triggers: readonly TriggerInfo[];
  /**
   * A write to it may ask the clock where its text does not: by a default, a generated column, a
   * trigger or a time that becomes a date.
   */
  readonly asksClock: boolean;
  /**
   * Its rows are the same until somebody writes to it. Not of other engines, which may keep them
   * elsewhere; nor where a column asks the clock, or is a TIME, to which that adds the date.
   */
  readonly repeatable: boolean;
  /** The query of a view. */
  readonly view: Statement | undefined;
}

export interface RoutineInfo {
  readonly schema: string;
  readonly name: string;
  readonly facts: ProgramFacts;
  readonly parameters: readonly RoutineParameter[];
  /** It gives the same again as long as the tables and functions that it uses are as they are. */
  readonly repeatable: boolean;
}

/** A table whose rows change by a foreign key when those of another do. */
export interface ChildTable {
  readonly schema: string;
  readonly name: string;
}

export interface RoutineParameter {
  readonly name: string;
  readonly mode: 'IN' | 'OUT' | 'INOUT';
}
