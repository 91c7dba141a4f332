// A process of its own that sends statements from many connections, so that the load does not share
// a thread with the balancer it measures. Takes, as JSON, the targets by name, the kinds of
// statements, the clients of each target, the rounds and how long each part of one lasts; prints,
// as JSON, `{ target: { kind: statements a second in the median round } }`.
import mysql from 'mysql2/promise';
import { statements } from './statements.mjs';
import { median } from './statistics.mjs';

const { targets, kinds, clients, rounds, durationMs } = JSON.parse(process.argv[2]);
const texts = statements(clients);

const open = (target) =>
  Promise.all(
    Array.from({ length: clients }, () => mysql.createConnection({ ...target, database: 'app' })),
  );

/** Statements a second that all connections together get through. */
async function rate(connections, statement) {
  let count = 0;
  const startedMs = performance.now();
  await Promise.all(
    connections.map(async (connection, index) => {
      while (performance.now() - startedMs < durationMs) {
        await connection.query(statement(index));
        count++;
      }
    }),
  );
  return (count * 1000) / (performance.now() - startedMs);
}

const sides = [];
for (const [name, target] of Object.entries(targets)) {
  const figures = Object.fromEntries(kinds.map((kind) => [kind, []]));
  sides.push({ name, connections: await open(target), figures });
}
for (let round = 0; round < rounds; round++) {
  for (const kind of kinds) {
    for (const { connections, figures } of sides) {
      figures[kind].push(await rate(connections, texts[kind]));
    }
  }
}
for (const { connections } of sides) {
  await Promise.all(connections.map((connection) => connection.end()));
}
const medians = sides.map(({ name, figures }) => [
  name,
  Object.fromEntries(kinds.map((kind) => [kind, median(figures[kind])])),
]);
console.log(JSON.stringify(Object.fromEntries(medians)));
