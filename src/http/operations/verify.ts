import { Type } from 'typebox';
import { json, operation } from '../operation.ts';
import { verifyReportSchema, verifyRequestSchema, verifyStatusSchema } from '../verify-schemas.ts';

const tag = 'verify';

export const verifyOperations = [
  operation({
    name: 'verify',
    tag,
    method: 'POST',
    path: '/verify',
    summary: 'Compare what all nodes hold, table by table and range by range; repair if asked',
    schema: {
      body: Type.Union([verifyRequestSchema, Type.Null()]),
      answers: { 200: verifyReportSchema, 202: verifyStatusSchema },
    },
    async run(control, { body }) {
      const { wait = true, ...request } = body ?? {};
      if (wait) return json(await control.verify(request));
      control.beginVerify(request);
      return json(control.verifyStatus(), 202);
    },
  }),
  operation({
    name: 'getVerify',
    tag,
    method: 'GET',
    path: '/verify',
    summary: 'The comparison under way, the result of the last one, and when the next begins',
    schema: { answers: { 200: verifyStatusSchema } },
    run: (control) => json(control.verifyStatus()),
  }),
  operation({
    name: 'cancelVerify',
    tag,
    method: 'DELETE',
    path: '/verify',
    summary: 'End the comparison under way, if there is one',
    schema: { answers: { 200: verifyStatusSchema } },
    async run(control) {
      await control.cancelVerify();
      return json(control.verifyStatus());
    },
  }),
];
