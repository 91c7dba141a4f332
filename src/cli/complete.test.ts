import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CommandLine, openCommandLine, runLockstep } from '../../test/support/command-line.ts';
import { MemoryControl } from '../../test/support/memory-control.ts';

let line: CommandLine;

beforeEach(async () => {
  line = await openCommandLine(new MemoryControl());
});

afterEach(() => line[Symbol.asyncDispose]());

/** What is offered for these words, of which the last is being written. */
async function offered(...words: string[]): Promise<string[]> {
  const { said } = await line.run(['complete', '--', ...words]);
  return said === '' ? [] : said.split('\n').map((one) => one.split('\t')[0] ?? '');
}

describe('what is offered', () => {
  test.each([
    [['sta'], ['status']],
    [
      ['nodes', 're'],
      ['resync', 'replace', 'remove'],
    ],
    [
      ['nodes', 'drain', 'mysql'],
      ['mysql1', 'mysql2', 'mysql3'],
    ],
    [['nodes', 'drain', 'mysql2', ''], []],
    [
      ['--url', 'nowhere', 'strategy', 'least'],
      ['least_time', 'least_connections'],
    ],
    [['log', 'mysql3'], ['mysql3']],
    [['status', '--w'], ['--watch']],
    [['queries', '--sort', 'p'], ['p99']],
    [['config', 'set', 'health.in'], ['health.interval=']],
    [['config', 'set', 'acks=all', 'nodes.mysql2.'], ['nodes.mysql2.weight=']],
    [['config', 'get', 'mysql.po'], ['mysql.port']],
    [['api', 'drainN'], ['drainNode']],
    [['api', 'removeNode', '--f'], ['--force']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [['compl'], ['completion']],
  ])('for %j: %j', async (words, expected) => {
    const found = await offered(...words);
    expect(found.filter((one) => !one.startsWith('-') || words.at(-1)?.startsWith('-'))).toEqual(
      expected,
    );
  });

  test('commands and settings without a balancer, but no nodes', async () => {
    const offline = async (...words: string[]): Promise<string> => {
      const url = 'http://127.0.0.1:1';
      return (await runLockstep(['--url', url, 'complete', '--', ...words])).said;
    };
    expect(await offline('sta')).toContain('status\thow things are');
    expect(await offline('nodes', 'drain', '')).toBe('');
  });
});
