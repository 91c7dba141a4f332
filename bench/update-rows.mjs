// Updates rows, one in each statement, and prints as JSON how many seconds all of them took. A
// process of its own, so that the load does not share a thread with what it measures.
//
//   node bench/update-rows.mjs '{"port": 3300, "connections": 16, "updates": 1000, "rows": 1000}'
import { commandPacket } from '../dist/nodes/node-connection.js';
import { connectApp } from './app-connection.mjs';

const { port, connections, updates, rows } = JSON.parse(process.argv[2]);

const connect = () => connectApp(port);

const comQuery = 3;
/** A deadlock, which any server may answer; the client tries again. */
const deadlock = 1213;
let left = updates;

function drive(connection) {
  return new Promise((resolve, reject) => {
    let again = false;
    const sink = {
      onData() {},
      onTerminal({ type, payload }) {
        if (type !== 'err') return;
        if (payload.readUInt16LE(1) === deadlock) again = true;
        else reject(new Error(payload.toString('latin1', 9)));
      },
      onLocalInfile() {},
      onLost: reject,
      onEnd() {
        if (again) left += 1;
        again = false;
        send();
      },
    };
    const send = () => {
      if (left <= 0) return resolve();
      left -= 1;
      const id = 1 + Math.floor(Math.random() * rows);
      const text = Buffer.from(`UPDATE rows_read SET k=k+1 WHERE id=${id}`, 'latin1');
      connection.send(commandPacket(comQuery, text), 'query', sink);
    };
    send();
  });
}

const all = await Promise.all(Array.from({ length: connections }, connect));
const startedMs = performance.now();
await Promise.all(all.map(drive));
console.log(JSON.stringify({ seconds: (performance.now() - startedMs) / 1000 }));
for (const connection of all) connection.end();
