import type { Command } from 'commander';
import type { CacheStatus } from '../../http/cache-schemas.ts';
import { bytes } from '../amounts.ts';
import { callApi } from '../call-api.ts';
import { cacheLine } from '../cache-line.ts';
import type { Terminal } from '../terminal.ts';

interface CacheFlags {
  readonly json: boolean;
}

export function addCache(program: Command, terminal: Terminal, url: () => string): void {
  const cache = program
    .command('cache')
    .description('answers that are kept, and how often they were given again')
    .option('--json', 'as JSON', false)
    .action(async ({ json }: CacheFlags) => {
      const status = await callApi<CacheStatus>(url(), { method: 'GET', path: '/cache' });
      terminal.say(json ? JSON.stringify(status, null, 2) : textOf(status));
    });
  cache
    .command('clear')
    .description('let go of every answer that is kept')
    .action(async () => {
      await callApi(url(), { method: 'POST', path: '/cache/clear' });
      terminal.say('no answer is kept any more');
    });
}

function textOf(status: CacheStatus): string {
  if (!status.on) return 'no answers are kept: cache.bytes is 0';
  const { answers, bytesMax, fills, evictions, invalidations } = status;
  return [
    cacheLine(status),
    `${answers} answers of at most ${bytes(bytesMax)}`,
    `${fills} put in, ${evictions} gave way, ${invalidations} found changed or too old`,
  ].join('\n');
}
