import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seq } from '../../src/base/brands.ts';
import type { LoggedCommand, NodeLog, NodeStatus } from '../../src/http/balancer-control.ts';
import { segmentHeaderBytes } from '../../src/log/segment-header.ts';
import { segmentName } from '../../src/log/segment-name.ts';
import { type BalancerProcess, prepareBalancerProcess } from '../support/balancer-process.ts';
import { connectTo, startServers, type TestServers } from '../support/cluster.ts';
import { describeAlike } from '../support/extended.ts';
import { until } from '../support/load.ts';

const main = new URL('../../dist/cli/main.js', import.meta.url).pathname;

/** One test after another: the cluster is written to, the log looked at, then damaged. */
describeAlike('the log on the command line', (engine) => {
  let servers: TestServers;
  let balancer: BalancerProcess;

  beforeAll(async () => {
    servers = await startServers({ engine, count: 3 });
    balancer = await prepareBalancerProcess(servers);
    await balancer.start();
    await run('CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, at DATETIME(6), body TEXT)');
  });

  afterAll(async () => {
    await balancer?.close();
    await servers?.close();
  });

  const run = async (sql: string, parameters?: readonly string[]): Promise<void> => {
    const client = await connectTo(balancer, { database: 'app' });
    try {
      if (parameters) await client.execute(sql, [...parameters]);
      else await client.query(sql);
    } finally {
      client.destroy();
    }
  };
  const start = (...argv: readonly string[]) =>
    spawn(process.execPath, [main, '--url', `http://127.0.0.1:${balancer.httpPort}`, ...argv], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  const lockstep = async (...argv: readonly string[]) => {
    const child = start(...argv);
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
    }
    const exitCode = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { text, exitCode };
  };
  const pending = async (): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${balancer.httpPort}/nodes/mysql3`);
    return ((await answer.json()) as NodeStatus).pending;
  };

  test('shows what a node that is down has missed, with its pins', async () => {
    await until(async () => (await pending()) === 0);
    await servers.servers[2]!.kill();
    await run('INSERT INTO t (at, body) VALUES (NOW(6), ?)', ["it's ö"]);
    await until(async () => (await pending()) === 1);
    const log = JSON.parse((await lockstep('log', 'mysql3', '--json')).text) as NodeLog;
    expect(log).toMatchObject({ node: 'mysql3', pending: 1, entries: [{ kind: 'transaction' }] });
    const [command] = log.entries[0]?.commands ?? [];
    expect(command).toMatchObject({ schema: 'app', affectedRows: 1, insertId: '1', errno: 0 });
    expect(command?.sql).toMatch(/INSERT INTO t .*it.+s ö/);
    expect(command?.pins).toMatchObject({ timestamp: expect.stringMatching(/^\d+\.\d{6}$/) });
    const { text } = await lockstep('log', 'mysql3');
    expect(text).toMatch(/1 pending[^]*\[app\] INSERT INTO t [^]*pins: timestamp=\d+\.\d+/);
    expect(text).toMatch(/result: 1 row, insert id 1/);
  });

  test('goes on with what comes until ctrl-C', async () => {
    const child = start('log', 'mysql3', '--tail', '--json');
    const seqs: number[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => {
      seqs.push((JSON.parse(line) as LoggedCommand).seq);
    });
    await until(() => seqs.length === 1);
    await run("INSERT INTO t (body) VALUES ('a')");
    await until(() => seqs.length === 2);
    expect(seqs[1]).toBe((seqs[0] ?? 0) + 1);
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    child.kill('SIGINT');
    expect(await ended).toBe(0);
  });

  test('ends quietly when nobody reads on', async () => {
    const child = start('log', '--tail', '--json', '--limit', '1');
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      complaints += part;
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.stdout.destroy();
    await run("INSERT INTO t (body) VALUES ('b')");
    expect({ exitCode: await ended, complaints }).toEqual({ exitCode: 0, complaints: '' });
  });

  test('is checked while it goes on, and at rest: a flipped bit is named', async () => {
    const running = await lockstep('log', 'verify');
    expect(running).toMatchObject({
      exitCode: 0,
      text: expect.stringMatching(/^the log is whole/),
    });
    const data = ['log', 'verify', '--data', balancer.logFolder];
    const held = await lockstep(...data);
    expect(held).toMatchObject({ exitCode: 1 });
    expect(held.text).toContain(`a balancer, process ${balancer.pid}, writes to the log`);

    await balancer.kill();
    expect(await lockstep(...data)).toMatchObject({ exitCode: 0 });
    const file = join(balancer.logFolder, segmentName(seq(1)));
    const bytes = await readFile(file);
    bytes[segmentHeaderBytes + 30]! ^= 1;
    await writeFile(file, bytes);
    const damaged = await lockstep(...data);
    expect(damaged.exitCode).toBe(1);
    expect(damaged.text).toContain(`${file}, offset ${segmentHeaderBytes}: `);
    const { problems } = JSON.parse((await lockstep(...data, '--json')).text) as {
      problems: unknown;
    };
    expect(problems).toMatchObject([{ file, offset: segmentHeaderBytes }]);
  });
});
