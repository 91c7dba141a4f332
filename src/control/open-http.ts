import { Access } from '../access/access.ts';
import { AuditLog } from '../access/audit-log.ts';
import type { Clock } from '../base/clock.ts';
import type { Config } from '../config/config.ts';
import type { LiveConfig } from '../config/live-config.ts';
import type { BalancerControl } from '../http/balancer-control.ts';
import type { Operation } from '../http/operation.ts';
import { type HttpServer, startHttpServer } from '../http/server.ts';
import { tlsPair } from '../sessions/tls-identity.ts';
import type { Logger } from '../telemetry/logger.ts';

export interface OpenHttpParts {
  /** `config` is its view. */
  readonly live: LiveConfig;
  readonly config: Config;
  readonly control: BalancerControl;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Beside the standard ones. */
  readonly operations: readonly Operation[];
}

/** The HTTP side as the configuration wants it; undefined when it wants none. */
export async function openHttp(parts: OpenHttpParts): Promise<HttpServer | undefined> {
  const { live, config, control, clock, logger, operations } = parts;
  if (!config.http.enabled) return undefined;
  const access = new Access({ http: () => config.http, clock });
  live.subscribe(() => access.reload());
  const folder = config.log.folder;
  const audit = new AuditLog({
    folder,
    bytesMax: () => config.http.auditBytes,
    clock,
    onFault: (error) => logger.error({ err: error }, 'the audit log cannot be written'),
  });
  await audit.open();
  return startHttpServer({
    control,
    audit,
    ...(config.http.tls ? { tls: await tlsPair(config.tls, folder, clock) } : {}),
    access,
    host: config.http.host,
    port: config.http.port,
    openMetrics: config.http.openMetrics,
    extraOperations: operations,
    clock,
    onDefect: (error) => logger.error({ err: error }, 'an HTTP request failed'),
  });
}
