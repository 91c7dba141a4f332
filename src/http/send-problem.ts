import type { FastifyReply } from 'fastify';
import { type Problem, problemContentType } from './problem.ts';
import { toJson } from './to-json.ts';

export async function sendProblem(reply: FastifyReply, problem: Problem): Promise<void> {
  const { code, retryAfterMs } = problem;
  if (retryAfterMs !== undefined) reply.header('retry-after', Math.ceil(retryAfterMs / 1000));
  // https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1
  if (code === 'login_required') reply.header('www-authenticate', 'Bearer realm="lockstep"');
  await reply
    .code(problem.status)
    .type(problemContentType)
    .serializer((body: unknown) => toJson(body))
    .send(problem);
}
