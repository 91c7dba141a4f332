// What the programs in this folder share. Each is one client library: it registers checks, runs
// them one after the other against the server that its environment names, and prints a line of
// JSON a check.
import assert from 'node:assert/strict';

const { env } = process;

/** Where the server is. */
export const target = {
  engine: env.CLIENT_ENGINE,
  host: env.CLIENT_HOST,
  port: Number(env.CLIENT_PORT),
  user: env.CLIENT_USER,
  password: env.CLIENT_PASSWORD,
  database: env.CLIENT_DATABASE,
};

export const onMariadb = target.engine === 'mariadb';

const checkTimeoutMs = 60_000;
const registered = [];

/** What `run` must do without throwing. */
export function check(name, run) {
  registered.push({ name, run });
}

/**
 * What `run` returns becomes part of the check's name. So an answer that is another one through
 * Lockstep shows as a check that passes only directly, without being written down here for every
 * version of a server.
 */
export function shown(name, run) {
  check(name, async () => `${name}: ${inOneLine(await run())}`);
}

function inOneLine(value) {
  return JSON.stringify(value, (_, part) => {
    if (typeof part === 'bigint') return `${part}n`;
    if (part?.type === 'Buffer') return `0x${Buffer.from(part.data).toString('hex')}`;
    return part;
  });
}

/** Runs all that is registered, `before` ahead of it and `after` behind it. */
export async function runChecks({ before = async () => {}, after = async () => {} } = {}) {
  process.on('uncaughtException', (error) => report('no uncaught exception', error));
  try {
    await within(before());
    const only = process.argv[2];
    for (const { name, run } of registered) {
      if (only !== undefined && !name.includes(only)) continue;
      const begun = performance.now();
      try {
        report((await within(run())) ?? name);
        if (process.env.SHOW_TIMES) console.error(Math.round(performance.now() - begun), name);
      } catch (error) {
        report(name, error);
      }
    }
    await within(after());
    report('begins and ends');
  } catch (error) {
    report('begins and ends', error);
  }
  process.exit(0);
}

function report(name, error) {
  const line = error === undefined ? { name } : { name, reason: reasonOf(error) };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function reasonOf(error) {
  const { stack, cause } = error instanceof Error ? error : new Error(String(error));
  const lines = String(stack).split('\n').slice(0, 12).join('\n');
  return cause instanceof Error ? `${lines}\ncaused by ${cause.message}` : lines;
}

function within(promise) {
  let timer;
  const deadline = new Promise((_, reject) => {
    const late = () => reject(new Error(`no end after ${checkTimeoutMs} ms`));
    timer = setTimeout(late, checkTimeoutMs);
  });
  return Promise.race([promise, deadline]).finally(() => clearTimeout(timer));
}

/** What `promise` fails with; throws when it does not fail. */
export async function failureOf(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  assert.fail('it should have failed');
}

/** Rows without a number that differs from run to run. */
export function withoutIds(rows) {
  return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([key]) => key !== 'id')));
}

/** 0, 1, 2 … */
export const range = (count) => Array.from({ length: count }, (_, index) => index);
