import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { engines } from '../support/cluster.ts';
import { judge, type ReportedRun } from './frame/judge.ts';
import { ensurePackages } from './frame/packages.ts';
import type { Suite } from './frame/suite.ts';
import { Targets } from './frame/targets.ts';
import { knownDifferences } from './known-differences.ts';

// `npm run test:clients` says by these what to run, and where the report goes.
const wantedSuites = (process.env['LOCKSTEP_CLIENTS_SUITES'] ?? '').split(' ').filter(Boolean);
const wantedEngine = process.env['LOCKSTEP_CLIENTS_ENGINE'];
const reportFile = process.env['LOCKSTEP_CLIENTS_REPORT'];

const suites = await readSuites();
const runs: ReportedRun[] = [];

async function readSuites(): Promise<Suite[]> {
  const folder = new URL('suites/', import.meta.url);
  const files = readdirSync(folder).filter((file) => file.endsWith('.ts'));
  const all = await Promise.all(
    files.toSorted().map(async (file) => {
      const { suite } = (await import(new URL(file, folder).href)) as { readonly suite: Suite };
      return suite;
    }),
  );
  const unknown = wantedSuites.find((name) => !all.some((suite) => suite.name === name));
  const names = all.map(({ name }) => name).join(', ');
  if (unknown !== undefined) throw new Error(`no suite ${unknown}; there are ${names}`);
  return all.filter(({ name }) => wantedSuites.length === 0 || wantedSuites.includes(name));
}

const prepared = new Map<Suite, Promise<string>>();

/** Packages, then what the suite itself prepares; once for all engines. */
function prepare(suite: Suite): Promise<string> {
  const making =
    prepared.get(suite) ??
    (async () => {
      ensurePackages(suite.packages);
      const folder = await mkdtemp(join(tmpdir(), 'lockstep-suite-'));
      await suite.prepare?.(folder);
      return folder;
    })();
  prepared.set(suite, making);
  return making;
}

afterAll(async () => {
  for (const making of prepared.values()) {
    await making.then(
      (folder) => rm(folder, { recursive: true, force: true }),
      () => {},
    );
  }
  if (reportFile === undefined) return;
  mkdirSync(dirname(reportFile), { recursive: true });
  writeFileSync(reportFile, `${JSON.stringify(runs, null, 2)}\n`);
});

const wantedEngines = engines().filter(({ name }) => (wantedEngine ?? name) === name);

describe.each(wantedEngines)('clients, $name', (engine) => {
  let targets: Targets;

  beforeAll(async () => {
    targets = await Targets.start(engine);
  });

  afterAll(async () => {
    await targets?.[Symbol.asyncDispose]();
  });

  const here = suites.filter((suite) => suite.engines?.includes(engine.name) ?? true);
  test.each(here)('$name finds what it finds on a server', async (suite) => {
    const folder = await prepare(suite);
    const results = await targets.run((target) => suite.run(target, folder));
    const run = { suite: suite.name, engine: engine.name, results };
    const { differences, problems } = judge(run, knownDifferences);
    runs.push({ ...run, differences });
    expect(problems.join('\n')).toBe('');
  });
});
