import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { lintInCopy } from './lint-in-copy.ts';
import { floors, forbiddenPattern, pureRooms } from './rooms.ts';
import { root } from './tracked-files.ts';

const imports = 'eslint(no-restricted-imports)';
const globals = 'eslint(no-restricted-globals)';
const properties = 'eslint(no-restricted-properties)';

interface Plant {
  readonly name: string;
  readonly path: string;
  readonly text: string;
  readonly rule: string;
}

/** What the linter has to find, each in a file of its own. */
const plants: readonly Plant[] = [
  {
    name: 'a value from a room above',
    path: 'src/protocol/above.ts',
    text: `import { Session } from '../sessions/session.ts';\nexport const a = Session;`,
    rule: imports,
  },
  {
    name: 'a type from a room above',
    path: 'src/nodes/type-above.ts',
    text: `import type { Monitor } from '../health/monitor.ts';\nexport type A = Monitor;`,
    rule: imports,
  },
  {
    name: 'a room above from a folder inside',
    path: 'src/protocol/auth/deep.ts',
    text: `export { analyse } from '../../sql/analyse.ts';`,
    rule: imports,
  },
  {
    name: 'everything of a room above, passed on',
    path: 'src/log/star.ts',
    text: `export * from '../replication/entry.ts';`,
    rule: imports,
  },
  {
    name: 'a neighbour on the same floor',
    path: 'src/config/neighbour.ts',
    text: `import { events } from '../telemetry/events.ts';\nexport const a = events;`,
    rule: imports,
  },
  {
    name: 'the composition root from a room',
    path: 'src/http/root.ts',
    text: `import { createBalancer } from '../balancer.ts';\nexport const a = createBalancer;`,
    rule: imports,
  },
  {
    name: 'the command line from the composition root',
    path: 'src/balancer.ts',
    text: `import { main } from './cli/main.ts';\nexport const a = main;`,
    rule: imports,
  },
  {
    name: 'code of the tests',
    path: 'src/nodes/from-tests.ts',
    text: `import { cluster } from '../../test/support/cluster.ts';\nexport const a = cluster;`,
    rule: imports,
  },
  {
    name: 'a socket in a pure room',
    path: 'src/protocol/socket.ts',
    text: `import net from 'node:net';\nexport const a = net.isIP('');`,
    rule: imports,
  },
  {
    name: 'a file in a pure room',
    path: 'src/sql/file.ts',
    text: `import { readFile } from 'node:fs/promises';\nexport const a = readFile;`,
    rule: imports,
  },
  {
    name: 'a timer module in a pure room',
    path: 'src/replication/timer-module.ts',
    text: `import { setTimeout as delay } from 'node:timers/promises';\nexport const a = delay;`,
    rule: imports,
  },
  {
    name: 'randomness in a pure room',
    path: 'src/protocol/random-bytes.ts',
    text: `import { randomBytes } from 'node:crypto';\nexport const a = randomBytes(20);`,
    rule: imports,
  },
  {
    name: 'a package in a pure room',
    path: 'src/routing/package.ts',
    text: `import { pino } from 'pino';\nexport const a = pino;`,
    rule: imports,
  },
  {
    name: 'a timer in a pure room',
    path: 'src/replication/timer.ts',
    text: `export const a = setTimeout(() => {}, 5);`,
    rule: globals,
  },
  {
    name: 'the time in a pure room',
    path: 'src/routing/time.ts',
    text: `export const a = Date.now();`,
    rule: globals,
  },
  {
    name: 'the time in a room to which it is passed in',
    path: 'src/health/time.ts',
    text: `export const a = performance.now();`,
    rule: globals,
  },
  {
    name: 'chance in a pure room',
    path: 'src/routing/chance.ts',
    text: `export const a = Math.random();`,
    rule: properties,
  },
  {
    name: 'a default export',
    path: 'src/nodes/default.ts',
    text: `export default 1;`,
    rule: 'import(no-default-export)',
  },
  {
    name: 'a promise that floats',
    path: 'src/nodes/floats.ts',
    text: `const work = async (): Promise<number> => 1;\nexport function a(): void {\n  work();\n}`,
    rule: 'typescript(no-floating-promises)',
  },
  {
    name: 'a switch that leaves a kind out',
    path: 'src/nodes/switch.ts',
    text: `export function a(kind: 'read' | 'write'): void {
  switch (kind) {
    case 'read':
      break;
  }
}`,
    rule: 'typescript(switch-exhaustiveness-check)',
  },
  {
    name: 'a line on the console',
    path: 'src/sessions/console.ts',
    text: `console.log('here');`,
    rule: 'eslint(no-console)',
  },
];

/** What is allowed, close to what is not. */
const clean: Readonly<Record<string, string>> = {
  'src/base/brands.ts': `export const seq = (value: number): number => value;`,
  'src/base/clock.ts': `export const nowMs = (): number => performance.now() + Date.now();`,
  'src/protocol/hash.ts': `import { createHash } from 'node:crypto';
import { seq } from '../base/brands.ts';
export const hash = (): Buffer => createHash('sha1').update(String(seq(1))).digest();`,
  'src/protocol/hash.test.ts': `import net from 'node:net';
export const a = [net.isIP(''), Date.now(), Math.random()];`,
  'src/sql/below.ts': `import { hash } from '../protocol/hash.ts';
import { sessions } from './sessions.ts';
export const a = [hash(), sessions];`,
  'src/sql/sessions.ts': `export const sessions = 1;`,
  'src/nodes/socket.ts': `import net from 'node:net';\nexport const a = net.isIP('');`,
  'src/cli/main.ts': `import { a } from '../nodes/socket.ts';\nconsole.log(a);`,
};

describe('the layer rules', () => {
  const result = lintInCopy({
    ...clean,
    ...Object.fromEntries(plants.map(({ path, text }) => [path, text])),
  });

  test.each(plants)('find $name', ({ path, rule }) => {
    expect(result.broken[path]).toEqual([rule]);
  });

  test('make the linter fail', () => expect(result.exitCode).toBe(1));

  test('let pass what is allowed', () => {
    expect(lintInCopy(clean)).toEqual({ exitCode: 0, broken: {} });
  });
});

describe('the rules of the linter say what the table of rooms says', () => {
  interface Override {
    readonly files: readonly string[];
    readonly rules: Readonly<Record<string, unknown>>;
  }
  const config: { overrides: Override[] } = JSON.parse(
    readFileSync(join(root, '.oxlintrc.json'), 'utf8'),
  );

  test.each(floors.flat())('%s', (room) => {
    const files = room.endsWith('.ts') ? `src/${room}` : `src/${room}/**`;
    const rules = config.overrides
      .filter((override) => override.files.includes(files))
      .map((override) => JSON.stringify(override.rules['no-restricted-imports'] ?? null));
    const all = rules.join('\n');
    expect(all).toContain(JSON.stringify(forbiddenPattern(room)));
    expect(all.includes('node:*')).toBe(pureRooms.includes(room));
  });

  test('every folder of src/ is a room, and every file there is the composition root', () => {
    const found = readdirSync(join(root, 'src'));
    expect(found.filter((name) => !floors.flat().includes(name))).toEqual([]);
  });
});
