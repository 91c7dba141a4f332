import type { AddressInfo } from 'node:net';
import { Server as TlsServer } from 'node:tls';
import swagger from '@fastify/swagger';
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Access } from '../access/access.ts';
import type { AuditLog } from '../access/audit-log.ts';
import { nobody } from '../access/caller.ts';
import { type Clock, systemClock } from '../base/clock.ts';
import { LockstepError } from '../base/errors.ts';
import { defaultConfig } from '../config/config.ts';
import type { BalancerControl } from './balancer-control.ts';
import { docsPage, docsStyle } from './docs-page.ts';
import { EventStreams } from './event-streams.ts';
import { addGuards, portOf } from './guards.ts';
import { completeDocument } from './openapi-document.ts';
import { accessOf, type AccessLevel, type Call, json } from './operation.ts';
import type { Operation } from './operation.ts';
import { operations } from './operations.ts';
import { httpProblem, problemOf } from './problem.ts';
import { RefuseMalformed } from './refuse-malformed.ts';
import { runAudited } from './run-audited.ts';
import { sendAnswer } from './send-answer.ts';
import { sendProblem } from './send-problem.ts';
import { servePage } from './serve-page.ts';
import { toJson } from './to-json.ts';
import { validationMessage } from './validation-message.ts';

/** PEM. */
interface TlsFiles {
  readonly key: Buffer;
  readonly cert: Buffer;
}

export interface HttpServerOptions {
  readonly control: BalancerControl;
  /** Who may do what; unless given, everybody everything. */
  readonly access?: Access;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Where it is written down who changed what. */
  readonly audit?: AuditLog;
  /** The balancer's key and certificate: HTTPS instead of HTTP. */
  readonly tls?: TlsFiles;
  /** `/metrics` takes no login. */
  readonly openMetrics?: boolean;
  /** Operations beyond the balancer's own, e.g. those of the demo. */
  readonly extraOperations?: readonly Operation[];
  /** Longest body of a request; default 16 MiB. */
  readonly bodyBytesMax?: number;
  /** Most event streams at a time; default 100. */
  readonly eventStreamsMax?: number;
  /** Most connections at a time; default 1,000. */
  readonly connectionsMax?: number;
  /** For a client to send all of a request; default 60 s, a third of it for the head. */
  readonly requestTimeoutMs?: number;
  /** Default 15 s. */
  readonly heartbeatMs?: number;
  readonly clock?: Clock;
  /** Told of unexpected errors, whose text no client gets. */
  readonly onDefect?: (error: unknown) => void;
}

export interface HttpServer {
  readonly port: number;
  readonly url: string;
  /** To who connects from now on; who is connected stays so. Nothing where it is plain HTTP. */
  showTls(pair: TlsFiles): void;
  /** Ends event streams, lets requests under way finish for 2 s, then ends them too. */
  close(): Promise<void>;
}

const bodyBytesMaxDefault = 16 * 1024 * 1024;
const eventStreamsMaxDefault = 100;
const heartbeatMsDefault = 15_000;
const closeTimeoutMs = 2_000;
const connectionsMaxDefault = 1000;
const requestTimeoutMsDefault = 60_000;
const tlsLimits = { minVersion: 'TLSv1.2' } as const;
const requestChecksMax = 12;

/** Serves the operations, their OpenAPI document and the page. Rejects when it cannot listen. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const clock = options.clock ?? systemClock;
  const access = options.access ?? new Access({ http: () => defaultConfig.http, clock });
  const malformed = new RefuseMalformed();
  const app = fastify({
    ...nodeOptions(options),
    requestTimeout: options.requestTimeoutMs ?? requestTimeoutMsDefault,
    clientErrorHandler: malformed.handle,
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, problemOf(error)),
    bodyLimit: options.bodyBytesMax ?? bodyBytesMaxDefault,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 256 },
  });
  const served = [...operations, ...(options.extraOperations ?? [])];
  const streams = new EventStreams({
    clock,
    heartbeatMs: options.heartbeatMs ?? heartbeatMsDefault,
    streamsMax: options.eventStreamsMax ?? eventStreamsMaxDefault,
  });

  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  app.setSerializerCompiler(() => toJson);
  app.removeContentTypeParser('text/plain');
  malformed.follow(app);
  addGuards(app, { access, host: options.host });
  addErrors(app, served, options);
  await addOpenApi(app, { served, streams });
  await servePage(app);
  for (const operation of served) addOperation(app, operation, { options, streams, access });

  app.server.maxConnections = options.connectionsMax ?? connectionsMaxDefault;
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await app.close();
    throw listenError(error, options);
  }
  const { port } = app.server.address() as AddressInfo;
  return {
    port,
    url: urlOf(options, port),
    showTls(pair) {
      const server: unknown = app.server;
      if (server instanceof TlsServer) server.setSecureContext({ ...pair, ...tlsLimits });
    },
    async close() {
      streams.close();
      access.close();
      const timer = clock.after(closeTimeoutMs, () => app.server.closeAllConnections());
      await app.close();
      timer.cancel();
    },
  };
}

/** Those of Node's own server: how long it waits for a request, and for how many. */
function nodeOptions({ tls, requestTimeoutMs = requestTimeoutMsDefault }: HttpServerOptions) {
  const limits = {
    headersTimeout: Math.ceil(requestTimeoutMs / 3),
    connectionsCheckingInterval: Math.ceil(requestTimeoutMs / requestChecksMax),
  };
  return tls ? { https: { ...limits, ...tls, ...tlsLimits } } : { http: limits };
}

function urlOf({ host, tls }: HttpServerOptions, port: number): string {
  return `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function listenError(error: unknown, { host, port }: HttpServerOptions): unknown {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return error;
  return new LockstepError('conflict', `port ${port} of ${host} (HTTP) is already taken`, {
    cause: error,
  });
}

function addErrors(
  app: FastifyInstance,
  served: readonly Operation[],
  { onDefect }: HttpServerOptions,
): void {
  app.setErrorHandler(async (error, request, reply) => {
    const { schema } = request.routeOptions;
    const invalid = validationMessage(error, (part) => schema?.[part as keyof typeof schema]);
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

async function addOpenApi(
  app: FastifyInstance,
  { served, streams }: { readonly served: readonly Operation[]; readonly streams: EventStreams },
): Promise<void> {
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
  const open = { schema: { hide: true }, config: { access: 'open' } } as const;
  let document: unknown;
  app.get('/openapi.json', open, async (request, reply) => {
    document ??= completeDocument(app.swagger(), served);
    await sendAnswer(json(document), { request, reply, streams });
  });
  app.get('/docs', open, async (request, reply) => {
    const { protocol, host } = request;
    await reply.type('text/html; charset=utf-8').send(docsPage(served, `${protocol}://${host}`));
  });
  app.get('/docs.css', open, async (_request, reply) => {
    await reply.type('text/css; charset=utf-8').send(docsStyle);
  });
}

/** A scraper has no login, so the configuration may open this one. */
const levelOf = (operation: Operation, { openMetrics }: HttpServerOptions): AccessLevel =>
  operation.name === 'getMetrics' && openMetrics === true ? 'open' : accessOf(operation);

interface OperationContext {
  readonly options: HttpServerOptions;
  readonly streams: EventStreams;
  readonly access: Access;
}

function addOperation(app: FastifyInstance, operation: Operation, context: OperationContext): void {
  const { schema } = operation;
  app.route({
    method: operation.method,
    url: operation.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    config: { access: levelOf(operation, context.options) },
    ...(operation.bodyBytesMax === undefined ? {} : { bodyLimit: operation.bodyBytesMax }),
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
      const call = callOf(request, reply, context);
      const { params, query, body } = request;
      const input = { params, query, body, by: call.caller.name };
      const answer = await runAudited(operation, context.options.control, {
        input,
        call,
        path: request.url.split('?')[0] as string,
      });
      await sendAnswer(answer, { request, reply, streams: context.streams });
    },
  });
}

function callOf(
  request: FastifyRequest,
  reply: FastifyReply,
  { access, options }: OperationContext,
): Call {
  const gone = new AbortController();
  reply.raw.on('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  return {
    access,
    caller: request.caller ?? nobody(request.ip),
    port: portOf(request),
    secure: request.protocol === 'https',
    headers: request.headers,
    signal: gone.signal,
    clock: options.clock ?? systemClock,
    audit: options.audit,
    note: () => undefined,
  };
}
