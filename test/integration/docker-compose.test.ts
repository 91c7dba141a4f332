import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load-config.ts';

interface Service {
  readonly image?: string;
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly healthcheck?: object;
}

interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly configs: { readonly lockstep: { readonly content: string } };
  readonly volumes: Readonly<Record<string, null>>;
}

const text = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8');
const file = parse(text, { merge: true }) as ComposeFile;

test('the compose file has five servers with ports, kept volumes and health checks', () => {
  const { balancer, ...nodes } = file.services;
  expect(Object.keys(nodes)).toEqual(['mysql1', 'mysql2', 'mysql3', 'mysql4', 'mysql5']);
  for (const [index, [name, node]] of Object.entries(nodes).entries()) {
    expect(node.image).toBe('mysql:8.4');
    expect(node.ports).toEqual([`127.0.0.1:${3307 + index}:3306`]);
    expect(node.volumes).toEqual([`${name}:/var/lib/mysql`]);
    expect(node.healthcheck).toBeDefined();
    expect(file.volumes).toHaveProperty(name);
  }
  expect(balancer?.ports).toEqual(['127.0.0.1:3300:3300', '127.0.0.1:8000:8000']);
});

test('the configuration in the compose file is valid and names the five servers', () => {
  const config = loadConfig(file.configs.lockstep.content, '/etc/lockstep/lockstep.yaml');
  expect(config.nodes.map(({ name, host, port }) => `${name} ${host}:${port}`)).toEqual(
    Object.keys(file.services)
      .filter((name) => name !== 'balancer')
      .map((name) => `${name} ${name}:3306`),
  );
  const mounted = file.services['balancer']?.volumes[0]?.split(':')[1] ?? 'nowhere';
  expect(config.log.folder.startsWith(`${mounted}/`)).toBe(true);
});
