// A demo of five servers with something going on in it, for the screenshots.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { projectFolder } from '../prepare.mjs';

const startMs = 60_000;
const clients = 4;

export async function startDemo() {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-screenshots-'));
  const basePort = await freeRow(7);
  const [port, httpPort] = [basePort + 5, basePort + 6];
  const child = spawn(
    process.execPath,
    [
      join(projectFolder, 'dist', 'cli', 'main.js'),
      ...['demo', '--base-port', basePort, '--port', port, '--http-port', httpPort],
      ...['--data', join(folder, 'demo')],
    ].map(String),
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const close = async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${httpPort}`;
  try {
    await until(async () => (await fetch(`${url}/readyz`)).ok && hasUsers(url));
  } catch (error) {
    await close();
    throw error;
  }
  return { url, port, basePort, close };
}

async function hasUsers(url) {
  const users = await fetch(`${url}/users`);
  return users.ok && (await users.json()).length > 0;
}

async function until(condition) {
  const endMs = performance.now() + startMs;
  while (!(await condition().catch(() => false))) {
    if (performance.now() > endMs) throw new Error('the demo did not come up');
    await delay(100);
  }
}

/** The first of so many ports side by side that are free. */
async function freeRow(count) {
  for (;;) {
    const first = 14_000 + Math.floor(Math.random() * 17_000);
    const free = await Promise.all(
      Array.from({ length: count }, (_, index) => isFree(first + index)),
    );
    if (free.every(Boolean)) return first;
  }
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1' }, () => probe.close(() => resolve(true)));
  });
}

/** One node is made to hold something else than the others, and a comparison finds it. */
export async function compareNodes({ url, basePort }) {
  const address = { host: '127.0.0.1', port: basePort + 2, user: 'root', password: 'root' };
  const connection = await mysql.createConnection(address);
  await connection.query("UPDATE app.users SET name = 'G. Hopper' WHERE id = 2");
  await connection.query('DELETE FROM app.users WHERE id = 3');
  await connection.end();
  await verify(url, { rows: true });
}

/** They are equal again. */
export const repairNodes = ({ url }) => verify(url, { repair: true });

async function verify(url, request) {
  const response = await fetch(`${url}/verify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  if (!response.ok) throw new Error(`verify: ${await response.text()}`);
}

/** Clients that read and write until `stop`. */
export function startWork(port) {
  const ending = new AbortController();
  const { signal } = ending;
  const work = Array.from({ length: clients }, async (_, client) => {
    const connection = await mysql.createConnection({
      host: '127.0.0.1',
      port,
      user: 'app',
      password: 'app',
      database: 'app',
    });
    for (let round = 0; !signal.aborted; round += 1) {
      const name = `Person ${client}-${round}`;
      await connection.query('INSERT INTO users (name, email) VALUES (?, ?)', [
        name,
        `${client}.${round}.${process.pid}@example.org`,
      ]);
      for (let read = 0; read < 6 && !signal.aborted; read += 1) {
        await connection.query('SELECT id, name FROM users WHERE id = ?', [1 + read]);
        await connection.query('SELECT COUNT(*) FROM users');
        await delay(15 + 25 * Math.abs(Math.sin(round / 9)));
      }
    }
    await connection.end();
  });
  return async () => {
    ending.abort();
    await Promise.allSettled(work);
  };
}
