import type { FastifyRequest } from 'fastify';

/** The first value of a header; undefined without it. */
export function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
