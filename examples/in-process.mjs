// A balancer within a program of your own: node examples/in-process.mjs NAME=mysql://… NAME=…
import { configFromNodes, createBalancer } from 'lockstep';

const balancer = await createBalancer({
  ...configFromNodes(process.argv.slice(2)),
  logLevel: 'warn',
  mysql: { host: '127.0.0.1', port: 0 },
  http: { host: '127.0.0.1', port: 0, enabled: false },
});
console.log(`MySQL clients connect to port ${balancer.mysqlPort}`);

const answer = await balancer.control.query({ sql: 'SELECT VERSION() AS version' });
console.log(answer);
await balancer.close();
