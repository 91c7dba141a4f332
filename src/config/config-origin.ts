import type { Config } from './config.ts';
import type { SettingSources } from './setting-status.ts';

/** A configuration and who gave what of it. */
export interface GivenConfig {
  readonly config: Config;
  readonly sources: SettingSources;
}

/** Where the configuration came from at the start. */
export interface ConfigOrigin {
  readonly sources: SettingSources;
  /** The configuration file; absent when there is none. */
  readonly file?: string;
  /** Reads it again, with the flags of the start over it. Throws config_invalid. */
  readonly read?: () => GivenConfig;
}
