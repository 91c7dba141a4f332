/** An error of a server, as its packet has it. */
export interface ServerMessage {
  readonly errno: number;
  readonly message: string;
}

const syntaxErrno = 1064;
/** Unknown column, table, database, function, and table of a DROP. */
const nameErrnos: ReadonlySet<number> = new Set([1049, 1051, 1054, 1109, 1146, 1305]);

/**
 * Where in the statement an error lies, in characters from its start; undefined when the message
 * does not tell, or fits several places.
 */
export function errorPosition(sql: string, { errno, message }: ServerMessage): number | undefined {
  if (errno === syntaxErrno) return syntaxPosition(sql, message);
  return nameErrnos.has(errno) ? namePosition(sql, message) : undefined;
}

/** `… near 'FORM t' at line 1`: what follows the place, at most 80 characters of it. */
function syntaxPosition(sql: string, message: string): number | undefined {
  const match = /near '(.*)' at line (\d+)$/s.exec(message);
  if (!match) return undefined;
  const [, near = '', line = '1'] = match;
  if (near === '') return sql.trimEnd().length;
  const place = sql.indexOf(near, startOfLine(sql, Number(line)));
  return place < 0 ? undefined : place;
}

function startOfLine(sql: string, line: number): number {
  let start = 0;
  for (let before = 1; before < line; before += 1) start = sql.indexOf('\n', start) + 1;
  return start;
}

/** `Unknown column 'a.b' in …`, `Table 'app.t' doesn't exist`, `FUNCTION app.f does not exist`. */
function namePosition(sql: string, message: string): number | undefined {
  const named = /'([^']+)'/.exec(message)?.[1] ?? /^\w+ (\S+) does not/.exec(message)?.[1];
  const name = named?.split('.').at(-1);
  if (name === undefined) return undefined;
  const quoted = name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const found = [...sql.matchAll(new RegExp(`(?<![\\w$])${quoted}(?![\\w$])`, 'gi'))];
  return found.length === 1 ? found[0]?.index : undefined;
}
