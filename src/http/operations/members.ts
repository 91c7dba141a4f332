import { Type } from 'typebox';
import { closed, json, nameParams, operation } from '../operation.ts';
import { nodeStatusSchema } from '../schemas.ts';

const tag = 'nodes';

const newServer = {
  url: Type.String({
    minLength: 1,
    maxLength: 4096,
    description: 'mysql://user:password@host:port/schema?weight=1',
  }),
  password: Type.Optional(
    Type.String({ maxLength: 1024, description: 'Instead of one in `url`.' }),
  ),
  resync: Type.Optional(
    Type.Boolean({
      description: 'What the server holds may be lost: it becomes a copy of the others.',
    }),
  ),
};
const forceText = 'Do not wait for transactions and reads to end.';
const removeForceText = `${forceText} Needed when the node is DOWN.`;

/** Who the nodes are. What they do is in nodes.ts. */
export const memberOperations = [
  operation({
    name: 'addNode',
    tag,
    method: 'POST',
    path: '/nodes',
    summary: 'Take a server in: it is replayed, or becomes a copy of a node in sync',
    schema: {
      body: Type.Object(
        { name: Type.String({ minLength: 1, maxLength: 64 }), ...newServer },
        closed,
      ),
      answers: { 202: nodeStatusSchema },
    },
    async run(control, { body }) {
      await control.addNode(body);
      return json(control.node(body.name), 202);
    },
  }),
  operation({
    name: 'replaceNode',
    tag,
    method: 'PUT',
    path: '/nodes/{name}',
    summary: 'Let another server take the place of a node',
    schema: {
      params: nameParams,
      body: Type.Object(
        { ...newServer, force: Type.Optional(Type.Boolean({ description: forceText })) },
        closed,
      ),
      answers: { 202: nodeStatusSchema },
    },
    async run(control, { params: { name }, body }) {
      await control.replaceNode({ ...body, name });
      return json(control.node(name), 202);
    },
  }),
  operation({
    name: 'removeNode',
    tag,
    method: 'DELETE',
    path: '/nodes/{name}',
    summary: 'Let a node go; its server keeps what it has',
    schema: {
      params: nameParams,
      query: Type.Object(
        { force: Type.Optional(Type.Boolean({ description: removeForceText })) },
        closed,
      ),
      answers: { 200: Type.Array(nodeStatusSchema) },
    },
    async run(control, { params: { name }, query: { force } }) {
      await control.removeNode(name, { force: force ?? false });
      return json(control.nodes());
    },
  }),
];
