import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EventStreams } from './event-streams.ts';
import { headerOf } from './header-of.ts';
import { sendLines } from './send-lines.ts';
import type { Answer } from './operation.ts';
import { isSafe } from './origin-guard.ts';
import { sendProblem } from './send-problem.ts';
import { toJson } from './to-json.ts';

export interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly streams: EventStreams;
}

/** A client that takes nothing of its answer for this long is let go. */
const stalledMs = 60_000;

export async function sendAnswer(answer: Answer, exchange: Exchange): Promise<void> {
  const { request, reply, streams } = exchange;
  if (answer.kind !== 'events') reply.raw.setTimeout(stalledMs, () => reply.raw.destroy());
  switch (answer.kind) {
    case 'problem':
      await sendProblem(reply, answer.problem);
      return;
    case 'json':
      if (answer.node !== undefined) reply.header('x-lockstep-node', answer.node);
      if (answer.headers) reply.headers(answer.headers);
      await sendJson(answer, exchange);
      return;
    case 'text':
      await reply.type(answer.contentType).serializer(String).send(answer.body);
      return;
    case 'lines':
      await sendLines(answer.write, reply);
      return;
    case 'empty':
      if (answer.headers) reply.headers(answer.headers);
      await reply.code(204).send();
      return;
    case 'events':
      if (request.method === 'HEAD') await reply.code(204).send();
      else {
        streams.open(answer.events, reply, {
          lastEventId: headerOf(request, 'last-event-id'),
          until: request.caller?.session?.ended,
        });
      }
      return;
  }
}

/** What is read often and changes seldom is not sent again to whoever has it. */
async function sendJson(
  { status, body }: Extract<Answer, { kind: 'json' }>,
  { request, reply }: Exchange,
): Promise<void> {
  const text = toJson(body);
  reply.code(status).type('application/json; charset=utf-8').serializer(String);
  if (status === 200 && isSafe(request.method)) {
    const tag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"`;
    reply.header('etag', tag);
    if (isKnown(headerOf(request, 'if-none-match'), tag)) {
      await reply.code(304).send();
      return;
    }
  }
  await reply.send(text);
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2 */
const isKnown = (header: string | undefined, tag: string): boolean =>
  (header ?? '').split(',').some((one) => one.trim().replace(/^W\//, '') === tag);
