import { noSeq } from '../../src/base/brands.ts';
import { systemClock } from '../../src/base/clock.ts';
import { type Config, defaultConfig } from '../../src/config/config.ts';
import { TableCatalogue } from '../../src/nodes/table-catalogue.ts';
import { TableChanges } from '../../src/replication/table-changes.ts';
import { ResultCache } from '../../src/sessions/cache/result-cache.ts';
import { MysqlListener } from '../../src/sessions/mysql-listener.ts';
import { accountsOf } from '../../src/sessions/node-accounts.ts';
import type { SessionContext } from '../../src/sessions/session-context.ts';
import { ViewedReads } from '../../src/sessions/viewed-reads.ts';
import { StatementCache } from '../../src/sql/statement-cache.ts';
import { Counters } from '../../src/telemetry/counters.ts';

/** The listener over no nodes at all: enough to log in, to be denied, and to ping. */
export interface FrontDoor extends AsyncDisposable {
  readonly listener: MysqlListener;
  readonly port: number;
  /** Hosts from which a login was denied. */
  readonly denied: readonly string[];
}

export async function openFrontDoor(change: Partial<Config> = {}): Promise<FrontDoor> {
  const config = { ...defaultConfig, users: [{ name: 'app', password: 'app' }], ...change };
  const nodes = new Map();
  const replicator = { leadership: undefined };
  const denied: string[] = [];
  const catalogue = new TableCatalogue(() => Promise.reject(new Error('there are no nodes')));
  const changes = new TableChanges(noSeq);
  const context = {
    config,
    clock: systemClock,
    nodes,
    replicator,
    statements: new StatementCache(() => 0),
    counters: new Counters(),
    viewed: new ViewedReads({ catalogue, clock: systemClock, leaderIsWell: () => false }),
    cache: new ResultCache({ config, clock: systemClock, catalogue, changes }),
    ...accountsOf(config.users, { nodes, replicator, clock: systemClock }),
    onDenied: ({ host }: { host: string }) => denied.push(host),
    onFault: (error: unknown) => {
      throw error;
    },
  };
  const listener = new MysqlListener(context as unknown as SessionContext);
  const port = await listener
    .listen({ ...config.mysql, host: '127.0.0.1', port: 0 })
    .catch(async (error: unknown) => {
      await listener.close();
      throw error;
    });
  return { listener, port, denied, [Symbol.asyncDispose]: () => listener.close() };
}
