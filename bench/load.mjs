// A process of its own that sends statements from many connections and prints how many a second
// were answered, so that the load does not share a thread with the balancer it measures.
import mysql from 'mysql2/promise';
import { statements } from './statements.mjs';

const { target, kind, clients, durationMs } = JSON.parse(process.argv[2]);
const connections = await Promise.all(
  Array.from({ length: clients }, () => mysql.createConnection({ ...target, database: 'app' })),
);
const statement = statements(clients)[kind];
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
const seconds = (performance.now() - startedMs) / 1000;
await Promise.all(connections.map((connection) => connection.end()));
console.log(count / seconds);
