import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** One line of what is typed, which the terminal does not show, or of what is piped in. */
export function readSecret(question: string): Promise<string> {
  const { stdin, stderr } = process;
  const isTyped = stdin.isTTY && stderr.isTTY;
  if (isTyped) stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: stdin, output: silent, terminal: isTyped });
  return new Promise((resolve, reject) => {
    let line: string | undefined;
    reader.once('line', (read) => {
      line = read;
      reader.close();
    });
    reader.once('SIGINT', () => reader.close());
    reader.once('close', () => {
      if (isTyped) stderr.write('\n');
      if (line === undefined) reject(new Error('nothing was typed'));
      else resolve(line);
    });
  });
}
