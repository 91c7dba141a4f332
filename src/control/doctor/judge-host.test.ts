import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAuthority, type TestAuthority } from '../../../test/support/certificates.ts';
import { systemClock } from '../../base/clock.ts';
import { type Config, defaultConfig } from '../../config/config.ts';
import type { ServerExam } from '../../nodes/examine-server.ts';
import { judgeCluster } from './judge-cluster.ts';
import { judgeHost } from './judge-host.ts';

let folder: string;
let authority: TestAuthority;

beforeAll(async () => {
  authority = await createAuthority('Doctor');
});
afterAll(() => authority[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-host-'));
});
afterEach(() => rm(folder, { recursive: true }));

const judge = async (check: RegExp, more: Partial<Config> = {}) => {
  const config = { ...defaultConfig, log: { ...defaultConfig.log, folder }, ...more };
  return (await judgeHost(config, systemClock)).filter((one) => check.test(one.check));
};

describe('the disk of the log', () => {
  test('is tried, and nothing is left there', async () => {
    const found = await judge(/^log_folder/);
    for (const { level, message } of found) {
      expect(level, message).toBe('ok');
      expect(message).toMatch(/: \d+(?:MB|\.\dGB) are free, a write is safe after \d+\.\d ms/);
    }
    expect(await readdir(folder)).toEqual([]);
  });

  test('has no room', async () => {
    const log = { ...defaultConfig.log, folder, freeBytesMin: 2 ** 60 };
    const [found] = await judge(/^log_folder/, { log });
    expect(found).toMatchObject({ level: 'warning', remedy: expect.stringMatching(/room/) });
    expect(found?.message).toMatch(/less than log\.free_bytes_min/);
  });

  test('is not there yet, or is a file', async () => {
    const later = { ...defaultConfig.log, folder: join(folder, 'not', 'yet') };
    for (const { level } of await judge(/^log_folder/, { log: later })) expect(level).toBe('ok');
    await writeFile(join(folder, 'file'), '');
    const file = { ...defaultConfig.log, folder: join(folder, 'file') };
    const [found] = await judge(/^log_folder/, { log: file });
    expect(found).toMatchObject({ level: 'error', remedy: expect.stringMatching(/`log\.folder`/) });
  });
});

describe('the certificate that clients are shown', () => {
  const dayMs = 24 * 60 * 60 * 1000;
  const tlsOf = async (validity = {}, addresses = ['127.0.0.1']): Promise<Config['tls']> => {
    const { key, cert } = await authority.issue('lockstep.test', addresses, validity);
    return { mode: 'preferred', keyFile: key, certFile: cert };
  };

  test('is right', async () => {
    expect(await judge(/certificate/, { tls: await tlsOf() })).toEqual([]);
  });

  test.each([
    ['warning', { notAfterDate: new Date(Date.now() + 10 * dayMs) }, /runs out on/],
    ['error', { notAfterDate: new Date(Date.now() - dayMs) }, /ran out on/],
    ['error', { notBeforeDate: new Date(Date.now() + dayMs) }, /which is yet to come/],
  ])('%s: %o', async (level, validity, message) => {
    const [found] = await judge(/certificate/, { tls: await tlsOf(validity) });
    expect(found).toMatchObject({ level, message: expect.stringMatching(message) });
    expect(found?.remedy).toBeDefined();
  });

  test('belongs to another key', async () => {
    const { certFile } = await tlsOf();
    const { keyFile } = await authority.issue('other.test').then(({ key }) => ({ keyFile: key }));
    const tls = { mode: 'preferred', keyFile, certFile } as Config['tls'];
    const [found] = await judge(/certificate/, { tls });
    expect(found).toMatchObject({ level: 'error', message: expect.stringMatching(/is not that/) });
  });

  test('does not name the address that HTTP is served at', async () => {
    const tls: Config['tls'] = { ...(await tlsOf({}, [])), mode: 'off' };
    const http = { ...defaultConfig.http, tls: true };
    const [found] = await judge(/certificate/, { tls, http });
    expect(found).toMatchObject({ level: 'note' });
    expect(found?.message).toMatch(/does not name 127\.0\.0\.1.*DNS:lockstep\.test/);
  });

  test('is none, or not there', async () => {
    const tls = await tlsOf();
    await writeFile(tls.certFile ?? '', 'nonsense');
    const [none] = await judge(/certificate/, { tls });
    expect(none).toMatchObject({ level: 'error', message: expect.stringMatching(/holds no/) });
    await rm(tls.certFile ?? '');
    const [gone] = await judge(/certificate/, { tls });
    expect(gone).toMatchObject({
      level: 'error',
      message: expect.stringMatching(/cannot be read/),
    });
  });
});

test('clocks that are near to ours and far from each other', () => {
  const exam = (clockAheadMs: number): ServerExam => {
    const one: Partial<ServerExam> = {
      facts: { flavor: 'mysql', version: '9.7.4' } as ServerExam['facts'],
      variables: new Map(),
      clockAheadMs,
      clockUncertainMs: 10,
    };
    return one as ServerExam;
  };
  const apart = judgeCluster(
    new Map([
      ['mysql1', exam(-700)],
      ['mysql2', exam(100)],
      ['mysql3', exam(800)],
    ]),
  );
  expect(apart).toMatchObject([{ level: 'warning', check: 'clock', about: 'lockstep' }]);
  expect(apart[0]?.message).toMatch(/^the clock of mysql3 is 1\.5 s ahead of that of mysql1/);
  expect(apart[0]?.remedy).toMatch(/timedatectl/);
  expect(
    judgeCluster(
      new Map([
        ['mysql1', exam(400)],
        ['mysql2', exam(-400)],
      ]),
    ),
  ).toEqual([]);
});
