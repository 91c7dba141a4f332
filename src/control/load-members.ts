import { asError } from '../base/as-error.ts';
import { LockstepError } from '../base/errors.ts';
import type { Config, NodeConfig } from '../config/config.ts';
import { changesText, type MemberChange, membersOf } from '../config/member-changes.ts';
import { usersOf } from '../config/users-of.ts';
import { MemberFile } from '../log/member-file.ts';
import { NodeTls } from '../nodes/node-tls.ts';
import type { EventLog } from '../telemetry/event-log.ts';

export interface LoadedMembers {
  /** With the nodes that are members now, and with the users that the configuration means. */
  readonly config: Config;
  readonly membership: {
    readonly file: MemberFile;
    /** The nodes as the configuration has them. */
    readonly configured: readonly NodeConfig[];
    readonly changes: readonly MemberChange[];
  };
}

/**
 * The members as the last run left them, which are not those of the configuration when nodes
 * were added, replaced or removed meanwhile. Rejects config_invalid.
 */
export async function loadMembers(config: Config, events: EventLog): Promise<LoadedMembers> {
  const file = new MemberFile(config.log.folder);
  const { nodes, changes, overruled } = membersOf(config.nodes, await file.read());
  const warn = (message: string) => events.publish({ kind: 'members_warning', message });
  if (changes.length > 0) {
    const text = changesText(changes);
    warn(`the nodes are not those of the configuration: ${text} while Lockstep ran`);
  }
  if (overruled.length > 0) {
    warn(`the configuration was edited later, so it holds for ${overruled.join(', ')}`);
    await file.write(changes);
  }
  if (nodes.length === 0) {
    throw new LockstepError('config_invalid', `no node is left: ${changesText(changes)}`);
  }
  if (config.minInSync > nodes.length) {
    const message = `min_in_sync: ${config.minInSync} nodes can never be in sync`;
    const members = nodes.map(({ name }) => name).join(', ');
    throw new LockstepError('config_invalid', `${message}; the nodes are ${members}`);
  }
  await checkTls(nodes);
  return {
    config: { ...config, nodes, users: usersOf(config) },
    membership: { file, configured: config.nodes, changes },
  };
}

/** A file that cannot be used is found at the start, not when the first connection fails. */
async function checkTls(nodes: readonly NodeConfig[]): Promise<void> {
  for (const node of nodes) {
    await new NodeTls(node).prepare().catch((cause: unknown) => {
      const reason = asError(cause).message;
      throw new LockstepError('config_invalid', `node ${node.name}: ${reason}`, { cause });
    });
  }
}
