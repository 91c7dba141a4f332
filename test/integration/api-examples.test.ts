import { Value } from 'typebox/value';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { examples } from '../../src/http/examples.ts';
import type { Operation } from '../../src/http/operation.ts';
import { operations } from '../../src/http/operations.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { engines, startServers, type TestServers } from '../support/cluster.ts';

/** What the example asks for need not be there: a problem will do. */
const mayFail: ReadonlySet<string> = new Set([
  ...['login', 'getCommand', 'addNode', 'replaceNode', 'killSession'],
  ...['reloadConfig', 'applyConfig', 'diffConfig'],
]);
/** Those that change who the nodes are come last. */
const last = [
  ...['disableNode', 'enableNode', 'resyncNode', 'drainNode'],
  ...['replaceNode', 'removeNode', 'applyConfig'],
];

const ordered = operations.toSorted((a, b) => last.indexOf(a.name) - last.indexOf(b.name));

describe.each(engines())('every operation, as its example asks, $name', (engine) => {
  let servers: TestServers;
  let lockstep: TestBalancer;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 2 });
    lockstep = await startBalancer(servers);
    const { control } = lockstep.balancer;
    await control.query({ sql: 'CREATE TABLE users (id INT PRIMARY KEY)', schema: 'app' });
  });
  afterAll(async () => {
    await lockstep?.close();
    await servers?.close();
  });

  const isUp = (): Promise<boolean> =>
    vi.waitUntil(() => lockstep.balancer.control.node('mysql2').state === 'UP', 20_000);

  async function call({ name, method, path }: Operation) {
    const { params, query, body } = examples[name] ?? {};
    const place = path.replaceAll(/\{(\w+)\}/g, (_all, key: string) => String(params?.[key]));
    const search = new URLSearchParams();
    for (const [key, value] of Object.entries(query ?? {})) search.set(key, String(value));
    const url = `http://127.0.0.1:${lockstep.balancer.httpPort}${place}?${search.toString()}`;
    return fetch(url, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }

  test('answers what the document says', async () => {
    for (const operation of ordered) {
      const { name, schema } = operation;
      if (name === 'resyncNode' || name === 'drainNode') await isUp();
      const answer = await call(operation);
      const type = answer.headers.get('content-type') ?? '';
      if (type.startsWith('text/event-stream')) {
        await answer.body?.cancel();
        continue;
      }
      const text = await answer.text();
      const where = `${name}: ${answer.status} ${text.slice(0, 300)}`;
      if (mayFail.has(name) && answer.status >= 400) {
        expect(answer.status, where).not.toBe(500);
        expect(type, where).toMatch(/^application\/problem\+json/);
        expect(JSON.parse(text)).toMatchObject({ code: expect.any(String), status: answer.status });
        continue;
      }
      const expected = schema.answers[answer.status];
      expect(expected, where).toBeDefined();
      if (!expected || answer.status === 204) continue;
      const value: unknown = type.startsWith('application/json') ? JSON.parse(text) : text;
      const [wrong] = Value.Errors(expected, value);
      expect(wrong, where).toBeUndefined();
    }
  });
});

test('every operation that takes something has an example', () => {
  for (const { name, path, schema } of operations) {
    if (schema.body !== undefined || path.includes('{'))
      expect(examples, name).toHaveProperty(name);
    const { body } = examples[name] ?? {};
    if (schema.body) expect([...Value.Errors(schema.body, body)], name).toEqual([]);
  }
});
