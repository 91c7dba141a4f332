import { json, operation } from '../operation.ts';
import { verifyReportSchema } from '../schemas.ts';

export const verifyOperations = [
  operation({
    name: 'verify',
    tag: 'verify',
    method: 'POST',
    path: '/verify',
    summary: 'Compare every table of every node by checksum, as of one entry',
    schema: { answers: { 200: verifyReportSchema } },
    run: async (control) => json(await control.verify()),
  }),
];
