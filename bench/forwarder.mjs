// node forwarder.mjs PORT NODE_PORT: passes bytes on and looks at nothing, which is the least that
// a proxy in Node.js takes. Its reads are those of Lockstep.
import { connect, createServer } from 'node:net';
import { readIntoSharedBuffer } from '../dist/nodes/read-buffer.js';

const [port, nodePort] = process.argv.slice(2).map(Number);

function pass(from, to) {
  from.on('data', (chunk) => to.write(chunk));
  for (const event of ['error', 'close']) from.on(event, () => to.destroy());
}

const server = createServer({ noDelay: true }, (client) => {
  const node = connect({ port: nodePort, host: '127.0.0.1', noDelay: true });
  client.pause();
  node.once('connect', () => {
    for (const socket of [client, node]) readIntoSharedBuffer(socket);
    pass(client, node);
    pass(node, client);
    client.resume();
  });
  node.once('error', () => client.destroy());
  client.once('error', () => node.destroy());
});
server.listen(port, '127.0.0.1');
