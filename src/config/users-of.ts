import type { Config, UserConfig } from './config.ts';

/** Without `users`, the accounts in the nodes' URLs may log in. */
export function usersOf(config: Config): readonly UserConfig[] {
  if (config.users.length > 0) return config.users;
  const users = new Map<string, UserConfig>();
  for (const node of config.nodes) {
    users.set(node.user, { name: node.user, password: node.password });
  }
  return [...users.values()];
}
