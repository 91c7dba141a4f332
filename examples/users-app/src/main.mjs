// A web service for a table of users: npm start, then http://127.0.0.1:8080
//
//   DATABASE_URL   default mysql://app:app@127.0.0.1:3300/app, the demo behind Lockstep
//   PORT, HOST     where the service listens; default 8080 of 127.0.0.1
import { openDatabase } from './database.mjs';
import { createServer } from './server.mjs';
import { Users } from './users.mjs';

const url = process.env.DATABASE_URL ?? 'mysql://app:app@127.0.0.1:3300/app';
const database = openDatabase(url);
const users = new Users(database);
await users.prepare();

const server = await createServer(users);
await server.listen({ port: Number(process.env.PORT ?? 8080), host: process.env.HOST });
const { port } = server.server.address();
console.log(`the users app serves at http://${process.env.HOST ?? '127.0.0.1'}:${port}`);

const close = async () => {
  await server.close();
  await database.close();
};
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => void close());
