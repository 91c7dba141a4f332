import type { SecureContext } from 'node:tls';
import { asError } from '../base/as-error.ts';
import type { NodeName } from '../base/brands.ts';
import type { Clock } from '../base/clock.ts';
import type { Config, NodeConfig } from '../config/config.ts';
import { configError } from '../config/problem.ts';
import type { HealthMonitor } from '../health/health-monitor.ts';
import type { Node } from '../nodes/node.ts';
import { NodeTls } from '../nodes/node-tls.ts';
import type { Verifications } from '../replication/shell/verify/verifications.ts';
import type { ReadRouter } from '../routing/read-router.ts';
import { createStrategy } from '../routing/strategies/strategies.ts';
import type { ResultCache } from '../sessions/cache/result-cache.ts';
import type { LiveAccounts } from '../sessions/live-accounts.ts';
import { contextOf, type TlsPair, tlsPair } from '../sessions/tls-identity.ts';
import type { Logger } from '../telemetry/logger.ts';

/** Who keeps a value of the configuration, or has a timer running by it. */
export interface SettingsFollowers {
  readonly nodes: ReadonlyMap<NodeName, Node>;
  readonly router: ReadRouter;
  readonly monitor: HealthMonitor;
  readonly verifications: Verifications;
  readonly accounts: LiveAccounts;
  readonly cache: ResultCache;
  readonly onTls: (shown: ShownTls) => void;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: () => number;
}

/** What clients are shown from now on. */
export interface ShownTls {
  /** Undefined: MySQL clients are offered no encryption. */
  readonly mysql: SecureContext | undefined;
  /** Undefined: HTTP is not encrypted. */
  readonly http: TlsPair | undefined;
}

export interface SettingsStep {
  readonly next: Config;
  readonly before: Config;
  /** Files are read again also when their names are the same. */
  readonly reread: boolean;
}

/**
 * Does what of a change can fail, and returns what does the rest. Rejects config_invalid when
 * a key or certificate is of no use.
 */
export async function prepareSettings(
  followers: SettingsFollowers,
  step: SettingsStep,
): Promise<() => void> {
  const { next, before, reread } = step;
  const hasOtherTls = reread || isOther(next.tls, before.tls);
  const shown = hasOtherTls ? await readTls(next, before.log.folder, followers.clock) : undefined;
  for (const node of next.nodes) await checkTls(node, followers.nodes.get(node.name)?.config);
  return () => {
    if (shown) followers.onTls(shown);
    tellFollowers(followers, step);
  };
}

async function readTls({ tls, http }: Config, folder: string, clock: Clock): Promise<ShownTls> {
  const forMysql = tls.mode !== 'off';
  const pair = forMysql || http.tls ? await tlsPair(tls, folder, clock) : undefined;
  return {
    mysql: pair && forMysql ? contextOf(pair) : undefined,
    http: http.tls ? pair : undefined,
  };
}

async function checkTls(node: NodeConfig, before: NodeConfig | undefined): Promise<void> {
  if (before !== undefined && !isOther(node, before)) return;
  await new NodeTls(node).prepare().catch((cause: unknown) => {
    throw configError([`nodes.${node.name}: ${asError(cause).message}`], { cause });
  });
}

function tellFollowers(followers: SettingsFollowers, { next, before }: SettingsStep): void {
  const { nodes, router, monitor, verifications, accounts, cache, logger, random } = followers;
  logger.level = next.logLevel;
  if (isOther(next.cache, before.cache)) cache.settingsChanged();
  accounts.usersChanged(next.users);
  if (next.strategy !== router.strategy.name)
    router.swap(createStrategy(next.strategy, { random }));
  for (const config of next.nodes) {
    nodes.get(config.name)?.reconfigure(config);
    router.setWeight(config.name, config.weight);
  }
  if (next.health.intervalMs !== before.health.intervalMs) monitor.intervalChanged();
  if (next.verify.intervalMs !== before.verify.intervalMs) verifications.intervalChanged();
  if (next.limits.connectionsPerNode !== before.limits.connectionsPerNode) {
    for (const node of nodes.values()) node.pool.limitChanged();
  }
}

const isOther = (one: object, other: object): boolean =>
  JSON.stringify(one) !== JSON.stringify(other);
