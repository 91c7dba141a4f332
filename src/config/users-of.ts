import { LockstepError } from '../base/errors.ts';
import type { Config, UserConfig } from './config.ts';

/** Without `users`, the accounts in the nodes' URLs may log in. */
export function usersOf(config: Config): Config['users'] {
  if (config.users.length > 0) return config.users;
  const users = new Map<string, UserConfig>();
  for (const node of config.nodes) {
    users.set(node.user, { name: node.user, password: node.password });
  }
  return [...users.values()];
}

/** The users that are named; with `from_nodes` nobody is. */
export const userNames = ({ users }: Config): readonly string[] =>
  users === 'from_nodes' ? [] : users.map(({ name }) => name);

/** As whom SQL is run that comes over HTTP: the first user, or Lockstep's own account. */
export function ownUser({ users, nodes }: Config): UserConfig {
  const [first] = users === 'from_nodes' ? [] : users;
  if (first) return first;
  const [node] = nodes;
  if (!node) throw new LockstepError('config_invalid', 'no user is configured');
  return { name: node.user, password: node.password };
}
