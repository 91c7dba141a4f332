import type { FastifyInstance } from 'fastify';
import { headerOf } from './header-of.ts';
import { loadPageFiles } from './page-files.ts';

/** Serves the page's files. They tell nothing of the balancer, so they are open to everybody. */
export async function servePage(app: FastifyInstance): Promise<void> {
  const options = { schema: { hide: true }, config: { access: 'open' } } as const;
  for (const [path, file] of await loadPageFiles()) {
    app.get(path, options, async (request, reply) => {
      reply.header('cache-control', file.cacheControl).header('vary', 'accept-encoding');
      const packed = /\bgzip\b/.test(headerOf(request, 'accept-encoding') ?? '') && file.gzip;
      if (packed) reply.header('content-encoding', 'gzip');
      await reply.type(file.contentType).send(packed || file.body);
    });
  }
}
