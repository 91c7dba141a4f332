import { readFile } from 'node:fs/promises';
import fastify from 'fastify';
import { EmailTaken } from './users.mjs';

const userBody = {
  type: 'object',
  required: ['name', 'email'],
  additionalProperties: false,
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 100 },
    email: { type: 'string', minLength: 3, maxLength: 200, pattern: '^[^@\\s]+@[^@\\s]+$' },
  },
};
const idParams = { type: 'object', properties: { id: { type: 'integer', minimum: 1 } } };
const listQuery = {
  type: 'object',
  properties: {
    after: { type: 'integer', minimum: 0 },
    limit: { type: 'integer', minimum: 1, maximum: 200 },
  },
};

/** HTTP before the users: JSON under /api, the page beside it. */
export async function createServer(users) {
  const app = fastify();
  app.setErrorHandler((error, _request, reply) => {
    const status = error instanceof EmailTaken ? 409 : (error.statusCode ?? 500);
    if (status === 500) console.error(error);
    const message = status === 500 ? 'the database did not answer as it should' : error.message;
    return reply.code(status).send({ error: message });
  });
  addUsers(app, users);
  await addPage(app);
  return app;
}

function addUsers(app, users) {
  const list = async ({ query }) => ({
    count: await users.count(),
    users: await users.list(query),
  });
  app.get('/api/users', { schema: { querystring: listQuery } }, list);
  app.get('/api/history', async () => ({ changes: await users.history() }));
  app.get('/api/users/:id', { schema: { params: idParams } }, async (request, reply) => {
    const user = await users.find(request.params.id);
    return user ?? missing(request, reply);
  });
  app.post('/api/users', { schema: { body: userBody } }, async (request, reply) => {
    const id = await users.add(request.body);
    // Read again at once: behind Lockstep another node may answer, and has the user all the same.
    return reply.code(201).send(await users.find(id));
  });
  app.put(
    '/api/users/:id',
    { schema: { params: idParams, body: userBody } },
    async (request, reply) => {
      const id = await users.change(request.params.id, request.body);
      return id === undefined ? missing(request, reply) : users.find(id);
    },
  );
  app.delete('/api/users/:id', { schema: { params: idParams } }, async (request, reply) => {
    const id = await users.remove(request.params.id);
    return id === undefined ? missing(request, reply) : reply.code(204).send();
  });
}

function missing({ params: { id } }, reply) {
  return reply.code(404).send({ error: `there is no user ${id}` });
}

const files = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
};

async function addPage(app) {
  for (const [path, [file, type]] of Object.entries(files)) {
    const body = await readFile(new URL(`../public/${file}`, import.meta.url));
    app.get(path, (_request, reply) => reply.type(type).send(body));
  }
}
