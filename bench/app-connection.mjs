import { systemClock } from '../dist/base/clock.js';
import { NodeConnection } from '../dist/nodes/node-connection.js';

/** Logs in to whatever listens on the port as the application does that the benchmarks play. */
export const connectApp = (port) =>
  NodeConnection.connect({
    host: '127.0.0.1',
    port,
    user: 'app',
    password: 'app',
    schema: 'app',
    deprecateEof: true,
    foundRows: false,
    clock: systemClock,
    connectTimeoutMs: 30_000,
  });
