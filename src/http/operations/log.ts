import { json, logPageQuery, operation, pageOptions } from '../operation.ts';
import { logPageSchema } from '../schemas.ts';

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
];
