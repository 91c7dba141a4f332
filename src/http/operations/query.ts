import { Type } from 'typebox';
import { LockstepError } from '../../base/errors.ts';
import type { RowSink } from '../balancer-control.ts';
import { outcomeInLines } from '../outcome-in-lines.ts';
import { type Call, closed, json, nameParams, operation } from '../operation.ts';
import { sqlAccountSchema, withSqlAccount } from '../sql-account.ts';
import {
  acceptedOutcomeSchema,
  answeredOutcomeSchema,
  commandOutcomeSchema,
  type QueryOutcome,
  rowsOutcomeSchema,
} from '../schemas.ts';

const tag = 'query';
const parametersMax = 65_535;

const queueDescription =
  'Accept a write while no node is there (202) and run it when the first returns. ' +
  'Also taken as `queue_when_down`, as the setting is spelled.';

const limitDefault = 1000;
const limitMax = 10_000_000;
const timeoutMsMax = 24 * 60 * 60 * 1000;
const linesType = 'application/x-ndjson';

const statementProperties = {
  sql: Type.String({ minLength: 1, description: 'One statement.' }),
  schema: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: limitMax,
      description: `Most rows; default ${limitDefault}. \`truncated\` says when there are more.`,
    }),
  ),
  timeoutMs: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: timeoutMsMax,
      description: 'The statement is ended when it takes longer (504, `query_timeout`).',
    }),
  ),
  as: Type.Optional(sqlAccountSchema),
};

const body = Type.Object(
  {
    ...statementProperties,
    parameters: Type.Optional(
      Type.Array(Type.Unknown(), {
        maxItems: parametersMax,
        description: 'For the ? markers of `sql`, in order.',
      }),
    ),
    queueWhenDown: Type.Optional(Type.Boolean({ description: queueDescription })),
    queue_when_down: Type.Optional(Type.Boolean()),
  },
  closed,
);

const keyPattern = /^[\x21-\x7e]{1,255}$/;

/** https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ */
function idempotencyOf({ headers, caller }: Call) {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && keyPattern.test(key)) return { key, by: caller.name };
  const message = 'Idempotency-Key takes 1 to 255 visible characters, without blanks';
  throw new LockstepError('bad_request', message);
}

const wantsLines = ({ headers }: Call): boolean => headers.accept?.includes(linesType) ?? false;

/** Of the HTTP answer: an accepted write is not done yet. */
export const statusOf = (outcome: QueryOutcome): number =>
  outcome.kind === 'accepted' ? 202 : 200;

export const queryOperations = [
  operation({
    name: 'query',
    tag,
    method: 'POST',
    path: '/query',
    summary: 'Run one statement: rows or a result, and which node answered',
    access: 'sql',
    schema: { body, answers: { 200: answeredOutcomeSchema, 202: acceptedOutcomeSchema } },
    run(control, { body: { as, queueWhenDown, queue_when_down, ...given } }, call) {
      const queue = queueWhenDown ?? queue_when_down;
      const idempotency = idempotencyOf(call);
      const run = (sink?: RowSink): Promise<QueryOutcome> =>
        withSqlAccount(as, call, (account) =>
          control.query({
            limit: limitDefault,
            ...given,
            ...account,
            ...(queue === undefined ? {} : { queueWhenDown: queue }),
            ...(sink === undefined ? {} : { sink }),
            ...(idempotency === undefined ? {} : { idempotency }),
            signal: call.signal,
          }),
        ).then((outcome) => {
          if (outcome.kind === 'result' && outcome.seq !== undefined) call.note(outcome);
          return outcome;
        });
      call.note({ changes: !control.reads(given.sql) });
      if (wantsLines(call)) return outcomeInLines(run);
      return run().then((outcome) => json(outcome, statusOf(outcome)));
    },
  }),
  operation({
    name: 'queryNode',
    tag,
    method: 'POST',
    path: '/nodes/{name}/query',
    summary: 'Run a read on one node alone, in sync or not, to see what it has',
    access: 'sql',
    schema: {
      params: nameParams,
      body: Type.Object(statementProperties, closed),
      answers: { 200: rowsOutcomeSchema },
    },
    run(control, { params, body: { as, ...given } }, call) {
      call.note({ changes: false });
      const run = (sink?: RowSink) =>
        withSqlAccount(as, call, (account) =>
          control.queryNode(params.name, {
            limit: limitDefault,
            ...given,
            ...account,
            ...(sink === undefined ? {} : { sink }),
            signal: call.signal,
          }),
        );
      return wantsLines(call) ? outcomeInLines(run) : run().then((outcome) => json(outcome));
    },
  }),
  operation({
    name: 'getCommand',
    tag,
    method: 'GET',
    path: '/commands/{id}',
    summary: 'What became of a write that was accepted with 202',
    schema: {
      params: Type.Object({ id: Type.String({ minLength: 1, maxLength: 128 }) }),
      answers: { 200: commandOutcomeSchema },
    },
    run: async (control, { params }) => json(await control.command(params.id)),
  }),
];
