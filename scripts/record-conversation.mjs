// Records what a client and a server say to each other, for the fuzz corpus:
//
//   node scripts/record-conversation.mjs 3307 test/fuzz/fixtures/name.json -- mariadb -P {port} …
//
// `{port}` in the command is the port to connect to instead of the server's; the last connection
// is what is written, in hexadecimal, `>` before what the client sent and `<` before the server's.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { basename } from 'node:path';

const [serverPort, file, , command, ...parameters] = process.argv.slice(2);
let lines = [];

const relay = createServer((client) => {
  lines = [];
  const server = connect(Number(serverPort), '127.0.0.1');
  for (const { from, to, mark } of [
    { from: client, to: server, mark: '>' },
    { from: server, to: client, mark: '<' },
  ]) {
    from.on('data', (bytes) => {
      lines.push(`${mark}${bytes.toString('hex')}`);
      to.write(bytes);
    });
    from.on('close', () => to.destroy());
    from.on('error', () => to.destroy());
  }
});

relay.listen(0, '127.0.0.1', () => {
  const { port } = relay.address();
  const args = parameters.map((parameter) => parameter.replaceAll('{port}', String(port)));
  spawn(command, args, { stdio: ['inherit', 'ignore', 'inherit'] }).on('exit', (code) => {
    relay.close();
    if (code !== 0) throw new Error(`${command} ended with ${code}`);
    const name = basename(file, '.json');
    writeFileSync(file, `${JSON.stringify({ name, bytes: lines }, undefined, 1)}\n`);
  });
});
