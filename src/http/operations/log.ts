import { nextLink } from '../next-link.ts';
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
    async run(control, { query }) {
      const { limit, ...from } = pageOptions(query);
      const page = await control.log({ limit, ...from });
      const after = page.entries.at(-1)?.seq ?? page.lastSeq;
      if (after >= page.lastSeq) return json(page);
      return { ...json(page), headers: nextLink('/log', { after, limit }) };
    },
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
