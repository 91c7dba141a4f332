import type { FastifyReply, FastifyRequest } from 'fastify';
import type { EventStreams } from './event-streams.ts';
import { headerOf } from './header-of.ts';
import { sendLines } from './send-lines.ts';
import type { Answer } from './operation.ts';
import { sendProblem } from './send-problem.ts';

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
      await reply.code(answer.status).type('application/json; charset=utf-8').send(answer.body);
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
