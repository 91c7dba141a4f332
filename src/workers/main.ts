import type { SendHandle } from 'node:child_process';
import { systemClock } from '../base/clock.ts';
import type { SocketHandle } from '../nodes/socket-handle.ts';
import type { ToWorker } from './messages.ts';
import { ReadWorker } from './read-worker.ts';

// The program of a worker, which lives as long as the channel to the process that began it. A
// signal to the whole group is for that one, which lets its clients' statements end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.on('disconnect', () => process.exit(0));
// It may have ended while this one was read.
if (!process.connected) process.exit(0);

const worker = new ReadWorker({
  clock: systemClock,
  post: (message, handle) => {
    if (!process.connected) return;
    process.send?.(message, handle as SendHandle | undefined, undefined, () => handle?.close());
  },
});
process.on('message', (message, handle) => {
  worker.receive(message as ToWorker, handle as SocketHandle | undefined);
});
