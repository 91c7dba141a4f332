import { Type } from 'typebox';
import { json, operation } from '../operation.ts';
import { balancerStatusSchema, readinessSchema } from '../schemas.ts';

const tag = 'status';
/** https://prometheus.io/docs/instrumenting/exposition_formats/ */
const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

export const statusOperations = [
  operation({
    name: 'getStatus',
    tag,
    method: 'GET',
    path: '/status',
    summary: 'The balancer, its log and its nodes',
    schema: { answers: { 200: balancerStatusSchema } },
    run: (control) => json(control.status()),
  }),
  operation({
    name: 'getMetrics',
    tag,
    method: 'GET',
    path: '/metrics',
    summary: 'Metrics for Prometheus',
    schema: { answers: { 200: Type.String() } },
    run: async (control) => ({
      kind: 'text',
      contentType: metricsContentType,
      body: await control.metrics(),
    }),
  }),
  operation({
    name: 'getHealth',
    tag,
    method: 'GET',
    path: '/healthz',
    summary: 'Answers while the process lives',
    access: 'open',
    schema: { answers: { 200: Type.Object({ status: Type.Literal('ok') }) } },
    run: () => json({ status: 'ok' }),
  }),
  operation({
    name: 'getReadiness',
    tag,
    method: 'GET',
    path: '/readyz',
    summary: '200 with a leader and enough nodes in sync for writes, else 503 and why',
    access: 'open',
    schema: { answers: { 200: readinessSchema, 503: readinessSchema } },
    run(control) {
      const readiness = control.ready();
      return json(readiness, readiness.ready ? 200 : 503);
    },
  }),
];
