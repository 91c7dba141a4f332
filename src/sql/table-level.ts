/** One pair of parentheses, or the statement itself, on the way to the names of tables. */
export interface Level {
  /** FROM, JOIN … mean what they mean in a statement (not so inside `EXTRACT(… FROM …)`). */
  readonly statement: boolean;
  expectTable: boolean;
  /** Inside a list of table references: a comma or JOIN brings the next. */
  inList: boolean;
  /** The tables of the list are the target of an UPDATE. */
  written: boolean;
  /** How many WITH names were known when the level was opened. */
  readonly namesBefore: number;
}

export function newLevel(statement: boolean, namesBefore: number): Level {
  return { statement, expectTable: false, inList: false, written: false, namesBefore };
}
