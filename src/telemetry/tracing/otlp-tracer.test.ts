import { expect, test } from 'vitest';
import { attribute, openOtlpReceiver } from '../../../test/support/otlp-receiver.ts';
import { systemClock } from '../../base/clock.ts';
import { createLogger } from '../logger.ts';
import { OtlpTracer, type OtlpTracerOptions } from './otlp-tracer.ts';
import { parseTraceParent, traceParentOf } from './trace-parent.ts';

const logger = createLogger({ level: 'silent' });
const tracerTo = (endpoint: string, change: Partial<OtlpTracerOptions> = {}): OtlpTracer =>
  new OtlpTracer({
    ...{ clock: systemClock, logger, version: '1.2.3', headers: '', oneIn: 1 },
    endpoint,
    ...change,
  });
const attributes = () => ({ 'lockstep.session.id': 7 });
const select = { name: 'SELECT', attributes, traceParent: undefined };
const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

test('a statement and its steps arrive as one trace', async () => {
  await using receiver = await openOtlpReceiver();
  const tracer = tracerTo(receiver.url, { headers: 'authorization=Bearer x, tenant = a=b' });
  const trace = tracer.statement(select);
  const step = trace?.begin('mysql1', { 'server.address': '127.0.0.1', ok: true, ms: 1.5 });
  step?.end('lost');
  step?.end();
  trace?.begin('log append', {}).end(undefined, { 'lockstep.seq': 3 });
  trace?.begin('never ended', {});
  trace?.end({ 'lockstep.node': 'mysql1', left: undefined }, undefined);
  await tracer.close();
  const [first, append, root] = receiver.spans;
  expect(receiver.spans.length).toBe(3);
  expect(root).toMatchObject({ name: 'SELECT', kind: 2, status: {} });
  expect(root?.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(root?.parentSpanId).toBeUndefined();
  expect(attribute(root, 'lockstep.session.id')).toBe('7');
  expect(first).toMatchObject({
    name: 'mysql1',
    kind: 3,
    traceId: root?.traceId,
    parentSpanId: root?.spanId,
    status: { code: 2, message: 'lost' },
  });
  expect([attribute(first, 'ok'), attribute(first, 'ms')]).toEqual([true, 1.5]);
  expect(append).toMatchObject({ name: 'log append', kind: 1, parentSpanId: root?.spanId });
  expect(Number(root?.startTimeUnixNano) / 1e6).toBeGreaterThan(Date.now() - 60_000);
  expect(Number(root?.endTimeUnixNano)).toBeGreaterThanOrEqual(Number(first?.endTimeUnixNano));
  expect([...receiver.paths]).toEqual(['/v1/traces']);
  expect(receiver.headers[0]).toMatchObject({ authorization: 'Bearer x', tenant: 'a=b' });
  expect(tracer.counts).toEqual({ exported: 3, dropped: 0 });
});

test("a client's trace goes on, and is left alone where it is not sampled", async () => {
  await using receiver = await openOtlpReceiver();
  const tracer = tracerTo(`${receiver.url}/v1/traces`, { oneIn: 1000 });
  tracer.statement(select)?.end({}, undefined);
  expect(tracer.statement(select)).toBeUndefined();
  const unsampled = parent.replace(/01$/, '00');
  expect(tracer.statement({ ...select, traceParent: unsampled })).toBeUndefined();
  tracer.statement({ ...select, traceParent: parent })?.end({}, 'error 1146');
  await tracer.close();
  expect([...receiver.paths]).toEqual(['/v1/traces']);
  expect(receiver.spans[1]).toMatchObject({
    traceId: '0af7651916cd43dd8448eb211c80319c',
    parentSpanId: 'b7ad6b7169203331',
    status: { code: 2, message: 'error 1146' },
  });
});

test('what the receiver does not take is dropped and counted, later spans are sent', async () => {
  await using receiver = await openOtlpReceiver();
  const tracer = tracerTo(receiver.url);
  receiver.status = 503;
  for (let i = 0; i < 5000; i += 1) tracer.statement(select)?.end({}, undefined);
  expect(tracer.counts.dropped).toBe(5000 - 4096);
  await tracer.close();
  expect(tracer.counts).toEqual({ exported: 0, dropped: 5000 - 4096 + 512 });
  receiver.status = 200;
  await tracer.close();
  expect(receiver.spans.length).toBe(4096 - 512);
});

test('a receiver that is not there harms nobody', async () => {
  const receiver = await openOtlpReceiver();
  await receiver.close();
  const tracer = tracerTo(receiver.url);
  tracer.statement(select)?.end({}, undefined);
  await tracer.close();
  expect(tracer.counts).toEqual({ exported: 0, dropped: 1 });
});

test('a trace parent is taken as W3C writes it', () => {
  expect(parseTraceParent(parent)?.sampled).toBe(true);
  for (const bad of ['', parent.slice(1), parent.toUpperCase(), `00-${'0'.repeat(32)}-x-01`]) {
    expect(parseTraceParent(bad)).toBeUndefined();
  }
  expect(traceParentOf(`SELECT 1 /* a='b',traceparent='${parent}' */`)).toBe(parent);
  expect(traceParentOf('SELECT traceparent FROM t')).toBeUndefined();
});
