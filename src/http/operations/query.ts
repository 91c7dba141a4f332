import { Type } from 'typebox';
import { closed, json, operation } from '../operation.ts';
import { sqlAccountSchema, withSqlAccount } from '../sql-account.ts';
import {
  acceptedOutcomeSchema,
  answeredOutcomeSchema,
  commandOutcomeSchema,
  type QueryOutcome,
} from '../schemas.ts';

const tag = 'query';
const parametersMax = 65_535;

const queueDescription =
  'Accept a write while no node is there (202) and run it when the first returns. ' +
  'Also taken as `queue_when_down`, as the setting is spelled.';

const body = Type.Object(
  {
    sql: Type.String({ minLength: 1, description: 'One statement.' }),
    schema: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    parameters: Type.Optional(
      Type.Array(Type.Unknown(), {
        maxItems: parametersMax,
        description: 'For the ? markers of `sql`, in order.',
      }),
    ),
    queueWhenDown: Type.Optional(Type.Boolean({ description: queueDescription })),
    queue_when_down: Type.Optional(Type.Boolean()),
    as: Type.Optional(sqlAccountSchema),
  },
  closed,
);

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
    async run(control, { body: { as, queueWhenDown, queue_when_down, ...given } }, call) {
      const queue = queueWhenDown ?? queue_when_down;
      const outcome = await withSqlAccount(as, call, (account) =>
        control.query({
          ...given,
          ...account,
          ...(queue === undefined ? {} : { queueWhenDown: queue }),
        }),
      );
      return json(outcome, statusOf(outcome));
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
