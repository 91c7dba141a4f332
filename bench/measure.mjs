import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { usage } from './processes.mjs';
import { sysbench, tableSize } from './sysbench.mjs';

const run = promisify(execFile);
const driver = fileURLToPath(new URL('driver.mjs', import.meta.url));

/**
 * As many statements as sysbench gets through: `perSecond`, the 95th percentile of their answers,
 * for each `cpuUs` of the target and `serversCpuUs` of all its servers, where it has some of its
 * own, and `residentBytes` of the target at the end.
 */
export async function throughput(target, { workload, connections, seconds }) {
  const servers = (target.servers ?? []).map(({ pid }) => pid);
  const before = usage(target.pids);
  const serversBefore = usage(servers);
  const result = await sysbench(workload, { port: target.port, connections, seconds });
  const after = usage(target.pids);
  const serversAfter = usage(servers);
  return {
    perSecond: result.perSecond,
    p95Ms: result.p95Ms,
    cpuUs: (after.cpuUs - before.cpuUs) / result.statements,
    serversCpuUs: (serversAfter.cpuUs - serversBefore.cpuUs) / result.statements,
    residentBytes: after.residentBytes,
    errors: result.errors,
  };
}

/** Latencies of point selects at a rate that every target can keep up with. */
export async function latency(target, { connections, idle = 0, rate, seconds }) {
  const before = usage(target.pids);
  const work = { port: target.port, connections, idle, rate, seconds, tableSize };
  const { stdout } = await run(process.execPath, [driver, JSON.stringify(work)]);
  const after = usage(target.pids);
  const result = JSON.parse(stdout);
  return { ...result, cpuUs: (after.cpuUs - before.cpuUs) / (result.perSecond * seconds) };
}

/**
 * What `measure` gives for every target, a list with one of each round. A round before the first
 * is not counted: a program that is compiled as it runs is slow at first.
 */
export async function interleaved(running, rounds, measure) {
  for (const target of Object.values(running)) await measure(target);
  const figures = Object.fromEntries(Object.keys(running).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, target] of Object.entries(running)) figures[name].push(await measure(target));
  }
  return figures;
}
