import { createServer } from 'node:net';
import { LockstepError } from '../base/errors.ts';

/**
 * Ports handed out lie below the range from which systems take the local ports of outgoing
 * connections (32768 and up on Linux): a server that is stopped and started again would
 * otherwise find that some client's connection has meanwhile been given its port.
 */
const portMin = 14_000;
const portMax = 31_999;
const attemptsMax = 2_000;

const handedOut = new Set<number>();

/** True when nothing listens on `port` of 127.0.0.1. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false);
      else reject(error);
    });
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      probe.close(() => resolve(true));
    });
  });
}

/** Ports of 127.0.0.1 that are free now; never the same one twice in a process. */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let attempt = 0; ports.length < count; attempt += 1) {
    if (attempt === attemptsMax) {
      throw new LockstepError(
        'conflict',
        `no ${count} free ports between ${portMin} and ${portMax}`,
      );
    }
    const port = portMin + Math.floor(Math.random() * (portMax - portMin + 1));
    if (handedOut.has(port)) continue;
    handedOut.add(port);
    if (await isPortFree(port)) ports.push(port);
  }
  return ports;
}
