import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Access } from '../access/access.ts';
import type { Caller } from '../access/caller.ts';
import { LockstepError } from '../base/errors.ts';
import { headerOf } from './header-of.ts';
import type { AccessLevel } from './operation.ts';
import { isSafe, refuseForeign } from './origin-guard.ts';
import { httpProblem, problemOf } from './problem.ts';
import { sendProblem } from './send-problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Undefined for somebody unknown, who may do only what is open to everybody. */
    caller: Caller | undefined;
  }
  interface FastifyContextConfig {
    access?: AccessLevel;
  }
}

const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
    "font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; " +
    "frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
} as const;

/** Asks, before anything of a body is read, where a request comes from and who may do this. */
export function addGuards(
  app: FastifyInstance,
  { access, host }: { readonly access: Access; readonly host: string },
): void {
  app.decorateRequest('caller');
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(securityHeaders);
    reply.header('cache-control', 'no-store');
    const refused = refuseForeign(
      {
        method: request.method,
        host: request.headers.host,
        origin: request.headers.origin,
        fetchSite: headerOf(request, 'sec-fetch-site'),
      },
      { listensOn: host },
    );
    if (refused === undefined) return admit(request, reply, access);
    const remedy = 'Use the address that Lockstep listens on, from its own page or a program.';
    await sendProblem(reply, httpProblem(403, refused, remedy));
  });
}

async function admit(request: FastifyRequest, reply: FastifyReply, access: Access): Promise<void> {
  // What is not there is not there for anybody.
  const level = request.is404 ? 'open' : (request.routeOptions.config.access ?? 'operate');
  try {
    request.caller = access.identify(
      {
        address: request.ip,
        authorization: request.headers.authorization,
        cookie: request.headers.cookie,
        csrf: headerOf(request, 'x-csrf-token'),
        safe: isSafe(request.method) || level === 'open',
      },
      portOf(request),
    );
    checkLevel(request.caller, level);
  } catch (error) {
    await sendProblem(reply, problemOf(error));
  }
}

/** Throws login_required or forbidden. */
function checkLevel(caller: Caller | undefined, level: AccessLevel): void {
  if (level === 'open') return;
  if (!caller) throw new LockstepError('login_required', 'this takes a login, or a valid token');
  if (level === 'operate' && caller.role !== 'admin') {
    throw new LockstepError('forbidden', `"${caller.name}" may look at things, not change them`);
  }
}

/** The port that the request came to. */
export const portOf = ({ socket }: FastifyRequest): number => socket.localPort ?? 0;
