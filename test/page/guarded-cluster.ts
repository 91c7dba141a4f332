import { defaultConfig } from '../../src/config/config.ts';
import type { Engine } from '../../src/demo/engine.ts';
import type { LocalServer } from '../../src/demo/local-server.ts';
import { startBalancer, type TestBalancer } from '../support/balancer.ts';
import { startServers } from '../support/cluster.ts';
import { httpUsers } from '../../src/access/testing/http-users.ts';

/** Accounts of the page by name, with their passwords. */
export const accounts = { ada: 'correct horse', vic: 'only looking' } as const;

export interface GuardedCluster extends AsyncDisposable {
  readonly lockstep: TestBalancer;
  readonly url: string;
  readonly members: readonly LocalServer[];
  /** A server that is no node. */
  readonly spare: LocalServer;
}

/** Three nodes, a server beside them, and a page that wants a login. */
export async function startGuardedCluster(engine: Engine): Promise<GuardedCluster> {
  const servers = await startServers({ engine, count: 4 });
  const [spare, ...members] = servers.servers.toReversed() as [LocalServer, ...LocalServer[]];
  members.reverse();
  try {
    const http = {
      ...defaultConfig.http,
      port: 0,
      users: httpUsers,
    };
    const lockstep = await startBalancer({ ...servers, servers: members }, { http });
    const url = `http://127.0.0.1:${lockstep.balancer.httpPort}`;
    const close = async (): Promise<void> => {
      await lockstep.close();
      await servers.close();
    };
    return { lockstep, url, members, spare, [Symbol.asyncDispose]: close };
  } catch (error) {
    await servers.close();
    throw error;
  }
}
