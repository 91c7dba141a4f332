import { expect, test } from 'vitest';
import { defaultConfig } from './config.ts';
import { configurationPage, exampleFile } from './configuration-page.ts';
import { loadConfig } from './load-config.ts';

test('docs/CONFIGURATION.md is what the schema says', async () => {
  await expect(configurationPage()).toMatchFileSnapshot('../../docs/CONFIGURATION.md');
});

test('the file of defaults on the page loads and has the defaults', () => {
  const config = loadConfig(exampleFile(), 'lockstep.yaml');
  expect(config.nodes.map((node) => node.name)).toEqual(['mysql1', 'mysql2']);
  expect({ ...config, nodes: [], users: [] }).toEqual({
    ...defaultConfig,
    // Written in a file, the path is relative to that file's folder, here the current one.
    log: { ...defaultConfig.log, folder: 'lockstep-data' },
  });
});
