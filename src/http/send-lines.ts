import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { LineWriter } from './operation.ts';
import { toJson } from './to-json.ts';

/**
 * Sends lines as they are made, no faster than the client takes them. The reply is taken over with
 * the first one: before it an error can still be answered with its status.
 */
export async function sendLines(
  write: (line: LineWriter) => Promise<void>,
  reply: FastifyReply,
): Promise<void> {
  const { raw } = reply;
  let begun = false;
  try {
    await write(async (value) => {
      if (!begun) begin(reply);
      begun = true;
      if (raw.destroyed) throw gone();
      if (!raw.write(`${toJson(value)}\n`)) await drained(raw);
    });
    raw.end();
  } catch (error) {
    if (!begun) throw error;
    // Half an answer must not look like a whole one.
    raw.destroy();
  }
}

function begin(reply: FastifyReply): void {
  const { raw } = reply;
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (value !== undefined) raw.setHeader(name, value);
  }
  reply.hijack();
  raw.writeHead(200, { 'content-type': 'application/x-ndjson; charset=utf-8' });
}

const gone = (): Error => new Error('the client is gone');

function drained(raw: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const onDrain = (): void => {
      raw.off('close', onClose);
      resolve();
    };
    const onClose = (): void => {
      raw.off('drain', onDrain);
      reject(gone());
    };
    raw.once('drain', onDrain);
    raw.once('close', onClose);
  });
}
