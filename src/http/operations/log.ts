import { json, logPageQuery, operation, pageOptions } from '../operation.ts';
import { logPageSchema, logVerificationSchema } from '../schemas.ts';

export const logOperations = [
  operation({
    name: 'getLog',
    tag: 'log',
    method: 'GET',
    path: '/log',
    summary: 'The command log: what every node applies, in order',
    schema: { query: logPageQuery, answers: { 200: logPageSchema } },
    run: async (control, { query }) => json(await control.log(pageOptions(query))),
  }),
  operation({
    name: 'verifyLog',
    tag: 'log',
    method: 'POST',
    path: '/log/verify',
    summary: 'Read the whole command log from the disk and check it, while it goes on',
    schema: { answers: { 200: logVerificationSchema } },
    run: async (control) => json(await control.verifyLog()),
  }),
];
