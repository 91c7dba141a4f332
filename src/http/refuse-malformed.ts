import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { httpProblem, type Problem, problemContentType } from './problem.ts';

type ClientError = Error & { readonly code?: string };

/** What is under way on a connection, for errors that belong to no request. */
export class RefuseMalformed {
  readonly #answers = new WeakMap<Socket, ServerResponse>();

  follow(app: FastifyInstance): void {
    app.addHook('onRequest', async ({ socket }, reply) => {
      this.#answers.set(socket, reply.raw);
    });
  }

  /**
   * Says what is wrong with what is no request, or was not sent to its end in time, and closes the
   * connection. In the middle of an answer nothing can be said any more.
   */
  readonly handle = (error: ClientError, socket: Socket): void => {
    const answer = this.#answers.get(socket);
    const midway = answer !== undefined && answer.headersSent && !answer.writableFinished;
    if (midway || !socket.writable || error.code === 'ECONNRESET') socket.destroy();
    else socket.end(textOf(problemOfClient(error)), () => socket.destroy());
  };
}

function problemOfClient({ code, message }: ClientError): Problem {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return httpProblem(408, 'the request did not come in time', 'Send all of it at once.');
    case 'HPE_HEADER_OVERFLOW':
      return httpProblem(
        431,
        'the head of the request is too large',
        'Send fewer, shorter headers.',
      );
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return httpProblem(413, 'the chunk extensions are too large', 'Send none.');
    default: {
      const remedy = 'Speak HTTP/1.1 to this port, and TLS only where `http.tls` is on.';
      return httpProblem(400, `this is no HTTP request (${message})`, remedy);
    }
  }
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  413: 'Content Too Large',
  431: 'Request Header Fields Too Large',
};

function textOf(problem: Problem): string {
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${problem.status} ${reasons[problem.status] ?? ''}`,
    `content-type: ${problemContentType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'cache-control: no-store',
    'connection: close',
  ];
  return `${head.join('\r\n')}\r\n\r\n${body}`;
}
