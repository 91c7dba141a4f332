import { allEqual, allOf, type ScenarioPart, startAgain, untilState } from './part.ts';

const down = ['mysql2', 'mysql3'];
const others = ['mysql1', 'mysql4', 'mysql5'];
const readCount = 60;

/** Each with what the others must show at once, and the query that shows it. */
const writes = [
  {
    sql: "INSERT INTO quiet (name) VALUES ('one'), ('two'), ('three')",
    look: 'SELECT COUNT(*) AS n FROM quiet',
    shown: [{ n: 3 }],
  },
  {
    sql: "UPDATE quiet SET name = 'second' WHERE id = 2",
    look: 'SELECT name FROM quiet WHERE id = 2',
    shown: [{ name: 'second' }],
  },
  {
    sql: 'DELETE FROM quiet WHERE id = 1',
    look: 'SELECT id FROM quiet ORDER BY id',
    shown: [{ id: 2 }, { id: 3 }],
  },
  {
    sql: 'ALTER TABLE quiet ADD COLUMN note VARCHAR(20)',
    look: 'SELECT note FROM quiet WHERE id = 2',
    shown: [{ note: null }],
  },
];

/** Two nodes leave and return while a single client works. */
export async function quietOutage(part: ScenarioPart): Promise<void> {
  const { stage, steps, say } = part;
  say('Part 1: two nodes leave and return');
  await stage.run('CREATE TABLE quiet (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20))');
  await allEqual(part);
  await stage.server('mysql2').stop();
  await stage.server('mysql3').kill();
  await untilState(part, down, 'DOWN');
  await readsGoElsewhere(part);
  for (const { sql, look, shown } of writes) {
    await steps.check(sql, 'done', () => stage.run(sql).then(() => 'done'));
    await steps.check('… is at once on the three others', allOf(others, shown), async () => {
      const asked = stage.serversOf(others).map(async (server) => {
        return [server.name, JSON.parse(await stage.ask(server, look))] as const;
      });
      return Object.fromEntries(await Promise.all(asked));
    });
  }
  const missed = writes.map(({ sql }) => sql);
  await steps.check(
    'the logs of mysql2 and mysql3 hold exactly those commands',
    allOf(down, missed),
    () => stage.logs(down),
  );
  await steps.check("the others' logs are empty", allOf(others, []), () => stage.logs(others));
  await startAgain(part, down);
  await allEqual(part);
}

/** By the balancer's own counters, and by the port of the server that answered. */
async function readsGoElsewhere({ stage, steps }: ScenarioPart): Promise<void> {
  const before = await stage.nodes((node) => node.reads);
  const names = new Map(stage.servers.map(({ name, port }) => [port, name]));
  await steps.check(`${readCount} reads are answered by the three others`, others, async () => {
    const answered = new Set<string>();
    const client = await stage.connect();
    try {
      for (let index = 0; index < readCount; index += 1) {
        const [rows] = await client.query('SELECT @@port AS port, COUNT(*) AS n FROM quiet');
        const { port } = (rows as { port: number }[])[0] ?? { port: 0 };
        answered.add(names.get(port) ?? `port ${port}`);
      }
    } finally {
      client.destroy();
    }
    return [...answered].sort();
  });
  await steps.check('mysql2 and mysql3 get no queries', allOf(down, 0), async () => {
    const after = await stage.nodes((node) => node.reads);
    return Object.fromEntries(down.map((name) => [name, (after[name] ?? 0) - (before[name] ?? 0)]));
  });
}
