/** Leaves a warning. */
export const noted = "0: DO CAST('y' AS SIGNED)";
/** Shows what was left. */
export const shown = ['0: SELECT @@warning_count, ROW_COUNT()', '0: SHOW WARNINGS'];

/** For each of the statements, what it stands among. */
export const each = (
  sqls: readonly string[],
  lines: (sql: string) => readonly string[],
): string[] => sqls.flatMap(lines);
