/** What may be flushed in one statement. Source: MariaDB `include/mysql_com.h`, REFRESH_…. */
const flushed = [
  [1, 'PRIVILEGES'],
  [2, 'LOGS'],
  [8, 'HOSTS'],
  [16, 'STATUS'],
  [32, 'THREADS'],
] as const;
const tables = 4;
const replica = 64;
const binaryLog = 128;

/**
 * COM_REFRESH as MariaDB's servers take it, in statements that do the same: one byte says what is
 * to be flushed. Nothing at all takes the right to flush, and commits. Those that are refused come
 * first, so that then nothing has happened. Source: MariaDB `sql/sql_parse.cc`, COM_REFRESH.
 */
export function refreshStatements(payload: Buffer): string[] {
  const bits = payload[1] ?? 0;
  const statements: string[] = [];
  if ((bits & binaryLog) !== 0) statements.push('RESET MASTER');
  if ((bits & replica) !== 0) statements.push('RESET SLAVE');
  const words = flushed.filter(([bit]) => (bits & bit) !== 0).map(([, word]) => word);
  if (words.length > 0) statements.push(`FLUSH ${words.join(', ')}`);
  // A server does not take these with others.
  if ((bits & tables) !== 0) statements.push('FLUSH TABLES');
  return statements.length > 0 ? statements : ['FLUSH LOCAL TABLES'];
}
