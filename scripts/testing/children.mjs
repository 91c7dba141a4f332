// The processes that a step starts, each at the head of a group of its own, so that what it
// started in turn (test workers, database servers) can be ended with it.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * @typedef {object} Run
 * @property {string} command
 * @property {readonly string[]} args
 * @property {NodeJS.ProcessEnv} [env]
 * @property {number} timeoutMs
 */

const graceMs = 10_000;

export class Children {
  #running = new Set();
  #ending = false;

  /**
   * Runs a command to its end; output goes where ours goes.
   *
   * @param {Run} options
   * @returns {Promise<import('./count.mjs').Ending & {durationMs: number}>}
   */
  async run({ command, args, env = process.env, timeoutMs }) {
    const startedMs = performance.now();
    const child = spawn(command, args, {
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
    });
    this.#running.add(child);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      void endGroup(child);
    }, timeoutMs);
    const { code, signal } = await new Promise((resolve) => {
      child.once('error', (error) => {
        console.error(error.message);
        resolve({ code: 127, signal: null });
      });
      child.once('exit', (...ended) => resolve({ code: ended[0], signal: ended[1] }));
    });
    clearTimeout(timer);
    // Something it started may have outlived it.
    await endGroup(child);
    this.#running.delete(child);
    if (this.#ending) await new Promise(() => {});
    return { code, signal, timedOut, durationMs: performance.now() - startedMs };
  }

  /** Ends all that runs: first asked to, then, after a grace, made to. `run` returns no more. */
  async endAll() {
    this.#ending = true;
    await Promise.all([...this.#running].map(endGroup));
  }
}

async function endGroup(child) {
  if (child.pid === undefined || !signalGroup(child.pid, 'SIGTERM')) return;
  const stepMs = 20;
  for (let waitedMs = 0; waitedMs < graceMs; waitedMs += stepMs) {
    if (!groupLives(child.pid)) return;
    await delay(stepMs);
  }
  signalGroup(child.pid, 'SIGKILL');
}

/** Whether the group still had a process to receive the signal; 0 only asks. */
function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}

/**
 * Whether a process of the group still runs. One that has ended but that nobody has asked about
 * (a zombie; in containers process 1 may never ask) still gets signals and has to be told apart.
 */
function groupLives(pid) {
  if (!signalGroup(pid, 0)) return false;
  if (!existsSync('/proc/self/stat')) return true;
  return readdirSync('/proc').some((name) => {
    const [, state, , group] = statOf(name);
    return group === String(pid) && state !== 'Z';
  });
}

/** [id, state, parent, group] of a process, by proc(5); the name before them may hold anything. */
function statOf(name) {
  if (!/^\d+$/.test(name)) return [];
  try {
    const text = readFileSync(`/proc/${name}/stat`, 'utf8');
    return [name, ...text.slice(text.lastIndexOf(')') + 2).split(' ', 3)];
  } catch {
    return [];
  }
}
