import { Type } from 'typebox';
import type { Begun } from '../../access/access.ts';
import type { Caller } from '../../access/caller.ts';
import { roles } from '../../config/role.ts';
import type { BalancerControl } from '../balancer-control.ts';
import { nextLink } from '../next-link.ts';
import { type Call, closed, json, operation } from '../operation.ts';
import { oneOf, text, timestamp } from '../schemas.ts';

const tag = 'access';
const bodyBytesMax = 8 * 1024;

const name = Type.String({ minLength: 1, maxLength: 128 });
const password = Type.String({ maxLength: 1024 });

const meSchema = Type.Object({
  name: text('Of the account; `local` when none is configured.'),
  role: oneOf(roles),
  open: Type.Boolean({
    description: 'No account is configured: whoever reaches the port may do everything.',
  }),
  csrf: Type.Optional(text('For the header X-CSRF-Token of every request but GET.')),
  sqlUser: Type.Optional(text('The database user with whose rights SQL is run.')),
});

const auditLimitDefault = 100;

const auditQuery = Type.Object(
  {
    before: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Only records before this id; `next` of a page.' }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'Default 100.' })),
  },
  closed,
);

const auditPageSchema = Type.Object({
  records: Type.Array(
    Type.Object({
      id: Type.Integer({ minimum: 1 }),
      at: timestamp('When it ended.'),
      by: text('The account.'),
      from: text('The address that asked.'),
      operation: text('The operationId.'),
      method: Type.String(),
      path: Type.String(),
      input: Type.Optional(text('What it was given, as JSON, without secrets; cut when long.')),
      sqlUser: Type.Optional(text('With whose rights SQL was run.')),
      sql: Type.Optional(text('The statement, cut when long.')),
      status: Type.Integer(),
      code: Type.Optional(text('Of an error.')),
      seq: Type.Optional(Type.Integer({ description: 'The place of a write in the log.' })),
      durationMs: Type.Number(),
    }),
  ),
  next: Type.Optional(Type.Integer({ description: 'For `before`, to read on.' })),
});

function meOf(control: BalancerControl, caller: Caller) {
  const { session, open } = caller;
  const sqlUser = session?.sqlAccount?.name ?? (open ? control.ownSqlUser : undefined);
  return {
    name: caller.name,
    role: caller.role,
    open,
    ...(session ? { csrf: session.csrf } : {}),
    ...(sqlUser === undefined ? {} : { sqlUser }),
  };
}

/** The cookie of a session that has just begun: for this host only, and for no script. */
function cookieOf({ access, port, secure }: Call, value: string, more = ''): string {
  const start = `${access.cookieName(port)}=${value}; Path=/; HttpOnly; SameSite=Strict`;
  return `${start}${secure ? '; Secure' : ''}${more}`;
}

const cookieHeader = (call: Call, { secret }: Begun) => ({ 'set-cookie': cookieOf(call, secret) });

/** The caller as whom the session that has just begun speaks. */
const callerOf = ({ caller, access }: Call, { session }: Begun): Caller => ({
  ...caller,
  ...{ name: session.name, role: session.role, session, open: access.open },
});

export const accessOperations = [
  operation({
    name: 'getMe',
    tag,
    method: 'GET',
    path: '/me',
    summary: 'As whom the request is taken, and what that account may do',
    schema: { answers: { 200: meSchema } },
    run: (control, _input, { caller }) => json(meOf(control, caller)),
  }),
  operation({
    name: 'login',
    tag,
    method: 'POST',
    path: '/login',
    summary: 'Log in for the page: sets a cookie; 429 after wrong passwords',
    access: 'open',
    bodyBytesMax,
    schema: { body: Type.Object({ name, password }, closed), answers: { 200: meSchema } },
    async run(control, { body }, call) {
      const { access, caller } = call;
      const begun = await access.login(body.name, body.password, caller.address);
      // An earlier login in the same browser is over, so that its cookie is worth nothing.
      if (caller.session) access.logout(caller.session);
      const headers = cookieHeader(call, begun);
      return { ...json(meOf(control, callerOf(call, begun))), headers };
    },
  }),
  operation({
    name: 'logout',
    tag,
    method: 'POST',
    path: '/logout',
    summary: 'End the login of the page, with all that is open for it',
    access: 'read',
    schema: { answers: { 204: Type.Null() } },
    run(_control, _input, call) {
      if (call.caller.session) call.access.logout(call.caller.session);
      return { kind: 'empty', headers: { 'set-cookie': cookieOf(call, '', '; Max-Age=0') } };
    },
  }),
  operation({
    name: 'loginToSql',
    tag,
    method: 'POST',
    path: '/sql-login',
    summary: 'Say as which database user SQL is run from now on in this login of the page',
    access: 'read',
    bodyBytesMax,
    schema: {
      body: Type.Object({ user: name, password }, closed),
      answers: { 200: meSchema },
    },
    async run(control, { body }, call) {
      const account = { name: body.user, password: body.password };
      await call.access.asSqlUser(account.name, call.caller.address, () =>
        control.checkSqlAccount(account),
      );
      const begun = call.access.keepSqlAccount(call.caller, account);
      if (!begun) return json(meOf(control, call.caller));
      const headers = cookieHeader(call, begun);
      return { ...json(meOf(control, callerOf(call, begun))), headers };
    },
  }),
  operation({
    name: 'listAudit',
    tag,
    method: 'GET',
    path: '/audit',
    summary: 'Who changed what, and what came of it; the latest first',
    access: 'operate',
    schema: { query: auditQuery, answers: { 200: auditPageSchema } },
    async run(_control, { query: { before, limit = auditLimitDefault } }, { audit }) {
      const range = { limit, ...(before === undefined ? {} : { before }) };
      const page = (await audit?.page(range)) ?? { records: [] };
      if (page.next === undefined) return json(page);
      return { ...json(page), headers: nextLink('/audit', { before: page.next, limit }) };
    },
  }),
];
