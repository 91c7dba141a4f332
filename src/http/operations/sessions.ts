import { Type } from 'typebox';
import { closed, json, operation } from '../operation.ts';
import { sessionListSchema } from '../session-schemas.ts';

const tag = 'sessions';
const limitDefault = 1000;

const killRequestSchema = Type.Object(
  {
    queryOnly: Type.Optional(
      Type.Boolean({ description: 'Leave it connected; what it had open stays open.' }),
    ),
  },
  closed,
);

export const sessionOperations = [
  operation({
    name: 'listSessions',
    tag,
    method: 'GET',
    path: '/sessions',
    summary: 'Who is connected, what they are at, and who keeps a connection for himself',
    schema: {
      query: Type.Object(
        {
          limit: Type.Optional(
            Type.Integer({ minimum: 1, maximum: 10_000, description: 'Default 1000.' }),
          ),
        },
        closed,
      ),
      answers: { 200: sessionListSchema },
    },
    run(control, { query }) {
      const all = control.sessions();
      return json({ sessions: all.slice(0, query.limit ?? limitDefault), total: all.length });
    },
  }),
  operation({
    name: 'killSession',
    tag,
    method: 'POST',
    path: '/sessions/{id}/kill',
    summary: 'End a session, or only the statement that it is at',
    schema: {
      params: Type.Object({ id: Type.Integer({ minimum: 1, description: 'Its number.' }) }),
      body: Type.Union([killRequestSchema, Type.Null()]),
      answers: { 204: Type.Null() },
    },
    run(control, { params, body }) {
      control.killSession(params.id, { queryOnly: body?.queryOnly ?? false });
      return { kind: 'empty' };
    },
  }),
];
