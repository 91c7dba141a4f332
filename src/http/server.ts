import type { AddressInfo } from 'node:net';
import swagger from '@fastify/swagger';
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type Clock, systemClock } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import type { BalancerControl } from './balancer-control.ts';
import { EventStreams } from './event-streams.ts';
import type { Answer, Operation, OperationInput, OperationSchema } from './operation.ts';
import { operations } from './operations.ts';
import { refuseForeign } from './origin-guard.ts';
import { loadPageFiles } from './page-files.ts';
import { httpProblem, type Problem, problemContentType, problemOf } from './problem.ts';
import { toJson } from './to-json.ts';
import { validationMessage } from './validation-message.ts';

export interface HttpServerOptions {
  readonly control: BalancerControl;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Operations beyond the balancer's own, e.g. those of the demo. */
  readonly extraOperations?: readonly Operation[];
  /** Longest body of a request; default 16 MiB. */
  readonly bodyBytesMax?: number;
  /** Most event streams at a time; default 100. */
  readonly eventStreamsMax?: number;
  /** Default 15 s. */
  readonly heartbeatMs?: number;
  readonly clock?: Clock;
  /** Told of unexpected errors, whose text no client gets. */
  readonly onDefect?: (error: unknown) => void;
}

export interface HttpServer {
  readonly port: number;
  readonly url: string;
  /** Ends event streams, lets requests under way finish for 2 s, then ends them too. */
  close(): Promise<void>;
}

const bodyBytesMaxDefault = 16 * 1024 * 1024;
const eventStreamsMaxDefault = 100;
const heartbeatMsDefault = 15_000;
const closeTimeoutMs = 2_000;

const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
    "frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** Serves the operations, their OpenAPI document and the page. Rejects when it cannot listen. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const app = fastify({
    bodyLimit: options.bodyBytesMax ?? bodyBytesMaxDefault,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 256 },
  });
  const served = [...operations, ...(options.extraOperations ?? [])];
  const streams = new EventStreams({
    clock: options.clock ?? systemClock,
    heartbeatMs: options.heartbeatMs ?? heartbeatMsDefault,
    streamsMax: options.eventStreamsMax ?? eventStreamsMaxDefault,
  });

  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  app.setSerializerCompiler(() => toJson);
  app.removeContentTypeParser('text/plain');
  addGuards(app, options);
  addErrors(app, served, options);
  await addOpenApi(app);
  await addPage(app);
  for (const operation of served) addOperation(app, operation, { options, streams });

  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await app.close();
    throw listenError(error, options);
  }
  const { port } = app.server.address() as AddressInfo;
  return {
    port,
    url: `http://${options.host.includes(':') ? `[${options.host}]` : options.host}:${port}`,
    async close() {
      streams.close();
      const clock = options.clock ?? systemClock;
      const timer = clock.after(closeTimeoutMs, () => app.server.closeAllConnections());
      await app.close();
      timer.cancel();
    },
  };
}

function listenError(error: unknown, { host, port }: HttpServerOptions): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error;
  return new LockstepError('conflict', `port ${port} of ${host} (HTTP) is already taken`, {
    cause: error,
  });
}

function addGuards(app: FastifyInstance, { host }: HttpServerOptions): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders);
    reply.header('cache-control', 'no-store');
    const refused = refuseForeign(
      {
        method: request.method,
        host: request.headers.host,
        origin: request.headers.origin,
        fetchSite: header(request, 'sec-fetch-site'),
      },
      { listensOn: host },
    );
    if (refused === undefined) return;
    const remedy = 'Use the address that Lockstep listens on, from its own page or a program.';
    await sendProblem(reply, httpProblem(403, refused, remedy));
  });
}

function addErrors(
  app: FastifyInstance,
  served: readonly Operation[],
  { onDefect }: HttpServerOptions,
): void {
  app.setErrorHandler(async (error, _request, reply) => {
    const invalid = validationMessage(error);
    const problem = problemOf(
      invalid === undefined ? error : new LockstepError('bad_request', invalid),
    );
    if (problem.code === 'internal') onDefect?.(error);
    await sendProblem(reply, problem);
  });
  app.setNotFoundHandler(async (request, reply) => {
    const path = request.url.split('?')[0] as string;
    const methods = served.filter((one) => patternOf(one).test(path)).map((one) => one.method);
    if (methods.length === 0) {
      const remedy = 'GET /openapi.json lists all operations.';
      await sendProblem(reply, httpProblem(404, `there is nothing at ${path}`, remedy));
      return;
    }
    const allowed = [...new Set(methods)].join(', ');
    reply.header('allow', allowed);
    const message = `${path} does not take ${request.method}`;
    await sendProblem(reply, httpProblem(405, message, `Use ${allowed}.`));
  });
}

const patternOf = ({ path }: Operation): RegExp =>
  new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`);

async function sendProblem(reply: FastifyReply, problem: Problem): Promise<void> {
  await reply
    .code(problem.status)
    .type(problemContentType)
    .serializer((body: unknown) => toJson(body))
    .send(problem);
}

async function addOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Lockstep',
        description: 'A load balancer for MySQL and MariaDB. Errors are application/problem+json.',
        version: '1',
      },
    },
  });
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
}

async function addPage(app: FastifyInstance): Promise<void> {
  for (const [path, file] of await loadPageFiles()) {
    app.get(path, { schema: { hide: true } }, async (request, reply) => {
      reply.header('cache-control', file.cacheControl).header('vary', 'accept-encoding');
      const packed = /\bgzip\b/.test(header(request, 'accept-encoding') ?? '') && file.gzip;
      if (packed) reply.header('content-encoding', 'gzip');
      await reply.type(file.contentType).send(packed || file.body);
    });
  }
}

interface OperationContext {
  readonly options: HttpServerOptions;
  readonly streams: EventStreams;
}

function addOperation(app: FastifyInstance, operation: Operation, context: OperationContext): void {
  const { schema } = operation;
  app.route({
    method: operation.method,
    url: operation.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    schema: {
      operationId: operation.name,
      tags: [operation.tag],
      summary: operation.summary,
      ...(schema.params === undefined ? {} : { params: schema.params }),
      ...(schema.query === undefined ? {} : { querystring: schema.query }),
      ...(schema.body === undefined ? {} : { body: schema.body }),
      response: schema.answers,
    },
    async handler(request, reply) {
      const input = { params: request.params, query: request.query, body: request.body };
      const answer = await operation.run(
        context.options.control,
        input as OperationInput<OperationSchema>,
      );
      await send(answer, { request, reply, streams: context.streams });
    },
  });
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly streams: EventStreams;
}

async function send(answer: Answer, { request, reply, streams }: Exchange): Promise<void> {
  switch (answer.kind) {
    case 'problem':
      await sendProblem(reply, answer.problem);
      return;
    case 'json':
      if (answer.node !== undefined) reply.header('x-lockstep-node', answer.node);
      await reply.code(answer.status).type('application/json; charset=utf-8').send(answer.body);
      return;
    case 'text':
      await reply.type(answer.contentType).serializer(String).send(answer.body);
      return;
    case 'empty':
      await reply.code(204).send();
      return;
    case 'events':
      if (request.method === 'HEAD') await reply.code(204).send();
      else streams.open(answer.events, reply, header(request, 'last-event-id'));
      return;
  }
}

function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
