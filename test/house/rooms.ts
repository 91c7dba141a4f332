/**
 * The rooms of `src/`, highest first: a room imports only from rooms below it. Rooms that
 * share a line are at one height and don't know each other.
 */
export const floors: readonly (readonly string[])[] = [
  ['cli'],
  ['demo'],
  ['balancer.ts'],
  ['control'],
  ['http'],
  ['access'],
  ['workers'],
  ['sessions'],
  ['routing'],
  ['replication'],
  ['health'],
  ['log'],
  ['nodes'],
  ['sql'],
  ['protocol'],
  ['config', 'telemetry'],
  ['base'],
];

/** Rooms that only compute: no sockets, files, clocks, randomness or packages of their own. */
export const pureRooms: readonly string[] = ['base', 'protocol', 'sql', 'routing', 'replication'];

/** Whether a file, by its path from the root, lies in a pure room. */
export const isPure = (path: string): boolean =>
  pureRooms.some((room) => path.startsWith(`src/${room}/`));

/** Folders beside `src/` that the product must not reach into. */
const outside = ['bench', 'examples', 'scripts', 'test', 'web'];

/** What `room` must not import, in the order of the house. */
export function forbiddenFor(room: string): string[] {
  const floor = floors.findIndex((rooms) => rooms.includes(room));
  const above = floors.slice(0, floor).flat();
  const beside = (floors[floor] ?? []).filter((other) => other !== room);
  return [...above, ...beside, ...outside];
}

/** The pattern with which the linter recognises a forbidden import of own files. */
export function forbiddenPattern(room: string): string {
  const names = forbiddenFor(room).filter((name) => !name.endsWith('.ts'));
  const files = forbiddenFor(room).filter((name) => name.endsWith('.ts'));
  const ending = [`(${names.join('|')})/`, ...files.map((file) => file.replace('.', '\\.'))];
  const up = room.endsWith('.ts') ? '\\.\\.?/' : '\\.\\./';
  return ending.length === 1 ? `^(${up})+${ending[0]}` : `^(${up})+(${ending.join('|')})`;
}
