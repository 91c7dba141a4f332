import { type Static, Type } from 'typebox';
import type { BalancerControl } from '../http/balancer-control.ts';
import { type Answer, closed, json, type Operation, operation } from '../http/operation.ts';
import { httpProblem } from '../http/problem.ts';

const tag = 'users';
const schema = 'app';
const listLimitDefault = 100;

const newUserSchema = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 100 }),
    email: Type.String({ minLength: 1, maxLength: 200 }),
  },
  closed,
);

const userSchema = Type.Object({
  id: Type.Integer(),
  name: Type.String(),
  email: Type.String(),
  createdAt: Type.Optional(Type.String({ description: 'As the server shows it.' })),
});
type User = Static<typeof userSchema>;

const idParams = Type.Object({ id: Type.Integer({ minimum: 1 }) });

const pageQuery = Type.Object(
  {
    after: Type.Optional(Type.Integer({ minimum: 0, description: 'Only ids above this one.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'Default 100.' })),
  },
  closed,
);

/**
 * What an application would do with the demo's table. A write that waits for a node has no result
 * yet, only an id to ask for (202).
 */
export const usersOperations: readonly Operation[] = [
  operation({
    name: 'listUsers',
    tag,
    method: 'GET',
    path: '/users',
    summary: 'Users by id; the header x-lockstep-node names the node that answered',
    schema: { query: pageQuery, answers: { 200: Type.Array(userSchema) } },
    run(control, { query: { after = 0, limit = listLimitDefault } }) {
      // The schema made integers of both; LIMIT as a parameter is refused by some servers.
      return select(control, `WHERE id > ${after} ORDER BY id LIMIT ${limit}`, (users) => users);
    },
  }),
  operation({
    name: 'getUser',
    tag,
    method: 'GET',
    path: '/users/{id}',
    summary: 'One user',
    schema: { params: idParams, answers: { 200: userSchema } },
    run: (control, { params: { id } }) =>
      select(control, `WHERE id = ${id}`, ([user]) => user, noUser(id)),
  }),
  operation({
    name: 'addUser',
    tag,
    method: 'POST',
    path: '/users',
    summary: 'Add a user; 409 when the email is taken',
    schema: { body: newUserSchema, answers: { 201: userSchema } },
    async run(control, { body: { name, email } }) {
      const sql = 'INSERT INTO users (name, email) VALUES (?, ?)';
      const outcome = await control.query({ sql, schema, parameters: [name, email] });
      if (outcome.kind !== 'result') return json(outcome, 202);
      const id = Number(outcome.insertId);
      const user: User = { id, name, email, ...(await creationOf(control, id)) };
      return { kind: 'json', status: 201, body: user, node: outcome.node };
    },
  }),
  operation({
    name: 'changeUser',
    tag,
    method: 'PUT',
    path: '/users/{id}',
    summary: "Change a user's name and email",
    schema: { params: idParams, body: newUserSchema, answers: { 200: userSchema } },
    async run(control, { params: { id }, body: { name, email } }) {
      const sql = `UPDATE users SET name = ?, email = ? WHERE id = ${id}`;
      const outcome = await control.query({ sql, schema, parameters: [name, email] });
      if (outcome.kind !== 'result') return json(outcome, 202);
      if (outcome.affectedRows === 0) return noUser(id);
      const user: User = { id, name, email, ...(await creationOf(control, id)) };
      return { kind: 'json', status: 200, body: user, node: outcome.node };
    },
  }),
  operation({
    name: 'deleteUser',
    tag,
    method: 'DELETE',
    path: '/users/{id}',
    summary: 'Delete a user',
    schema: { params: idParams, answers: { 204: Type.Null() } },
    async run(control, { params: { id } }) {
      const outcome = await control.query({ sql: `DELETE FROM users WHERE id = ${id}`, schema });
      if (outcome.kind !== 'result') return json(outcome, 202);
      return outcome.affectedRows === 0 ? noUser(id) : { kind: 'empty' };
    },
  }),
];

function noUser(id: number): Answer {
  const problem = httpProblem(404, `no user has the id ${id}`, 'GET /users lists them.');
  return { kind: 'problem', problem };
}

async function select(
  control: BalancerControl,
  condition: string,
  bodyOf: (users: readonly User[]) => unknown,
  none?: Answer,
): Promise<Answer> {
  const sql = `SELECT id, name, email, created_at FROM users ${condition}`;
  const outcome = await control.query({ sql, schema });
  if (outcome.kind !== 'rows') return json(outcome, 202);
  const users = outcome.rows.map(([id, name, email, createdAt]) => ({
    id: Number(id),
    name: String(name),
    email: String(email),
    createdAt: String(createdAt),
  }));
  const body = bodyOf(users);
  if (body === undefined && none !== undefined) return none;
  return { kind: 'json', status: 200, body, node: outcome.node };
}

/** The write has happened: that this cannot be read is no reason to call it failed. */
async function creationOf(control: BalancerControl, id: number): Promise<Pick<User, 'createdAt'>> {
  const sql = `SELECT created_at FROM users WHERE id = ${id}`;
  const outcome = await control.query({ sql, schema }).catch(() => undefined);
  const [row] = outcome?.kind === 'rows' ? outcome.rows : [];
  return row === undefined ? {} : { createdAt: String(row[0]) };
}
