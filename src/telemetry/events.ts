import type { NodeName, Seq } from '../base/brands.ts';

/** As it is written in the configuration; null where nothing is set. Secrets are hidden. */
type SettingValue = string | number | boolean | null | readonly string[];

/** What happens in a cluster that an operator would want to have seen. A closed set. */
export type LockstepEvent =
  | { readonly kind: 'started'; readonly version: string; readonly nodes: readonly NodeName[] }
  | { readonly kind: 'stopping'; readonly reason: string }
  | {
      readonly kind: 'node_state_changed';
      readonly node: NodeName;
      readonly from: string;
      readonly to: string;
      readonly reason: string;
    }
  | {
      /** A process that answered reads, and with it the connections of its clients. */
      readonly kind: 'worker_ended';
      readonly pid: number;
      readonly reason: string;
    }
  | {
      readonly kind: 'leader_changed';
      readonly from?: NodeName;
      readonly to?: NodeName;
      readonly epoch: number;
      readonly reason: string;
    }
  | { readonly kind: 'node_busy'; readonly node: NodeName; readonly reason: string }
  | {
      /** A connection to it was ended: a request or its answer was lost on the way. */
      readonly kind: 'answer_lost';
      readonly node: NodeName;
      /** The connection's id on the server. */
      readonly threadId: number;
      readonly silentMs: number;
    }
  | {
      readonly kind: 'replay_started';
      readonly node: NodeName;
      readonly entries: number;
      /** It led, and died between commits: it gets entries behind later ones that it has. */
      readonly overtaken: boolean;
    }
  | {
      readonly kind: 'replay_finished';
      readonly node: NodeName;
      readonly entries: number;
      readonly durationMs: number;
    }
  | {
      readonly kind: 'recovery_failed';
      readonly node: NodeName;
      readonly reason: string;
      readonly retry: boolean;
    }
  | {
      readonly kind: 'divergence';
      readonly node: NodeName;
      readonly seq: Seq;
      readonly detail: string;
    }
  | {
      readonly kind: 'resync_started';
      readonly node: NodeName;
      readonly source: NodeName;
      /** The copy is made as of this entry. */
      readonly seq: Seq;
      /** How long commits waited for it. */
      readonly heldMs: number;
    }
  | {
      readonly kind: 'resync_finished';
      readonly node: NodeName;
      readonly source: string;
      readonly seq: Seq;
      readonly tables: number;
      readonly rows: number;
      readonly bytes: number;
      readonly durationMs: number;
    }
  | { readonly kind: 'resync_failed'; readonly node: NodeName; readonly reason: string }
  | { readonly kind: 'resync_warning'; readonly node: NodeName; readonly detail: string }
  | {
      readonly kind: 'verify_started';
      /** Empty: everything. */
      readonly tables: readonly string[];
      /** Rows a second; 0 as fast as it goes. */
      readonly rate: number;
    }
  | {
      readonly kind: 'verify_difference';
      readonly table: string;
      /** Those that differ from most; all of them when most do not agree. */
      readonly nodes: readonly string[];
      /** The first range of keys that differs, as an SQL condition. */
      readonly where: string;
      readonly ranges: number;
    }
  | {
      readonly kind: 'verify_finished';
      readonly equal: boolean;
      readonly seq: Seq;
      readonly rows: number;
      /** Tables and definitions that differ. */
      readonly differing: number;
      readonly durationMs: number;
    }
  | { readonly kind: 'verify_failed'; readonly reason: string }
  | {
      readonly kind: 'verify_repaired';
      readonly node: NodeName;
      /** Ranges of rows. */
      readonly repaired: number;
      readonly failed: number;
    }
  | {
      readonly kind: 'node_added';
      readonly node: NodeName;
      readonly address: string;
      /** From the log, from another node, or it held the same already. */
      readonly by: 'replay' | 'copy' | 'equal';
    }
  | { readonly kind: 'node_removed'; readonly node: NodeName; readonly address: string }
  /** The nodes are not those of the configuration. */
  | { readonly kind: 'members_warning'; readonly message: string }
  | {
      readonly kind: 'setting_changed';
      /** As in the configuration: `health.interval`, `nodes.mysql1.weight`. */
      readonly path: string;
      readonly from: SettingValue;
      readonly to: SettingValue;
      /** The account, `local` where none is needed, or `signal`. */
      readonly by: string;
    }
  /** The configuration file is not right: everything stays as it was. */
  | { readonly kind: 'settings_refused'; readonly reason: string; readonly by: string }
  | {
      /** Somebody asked for a change, and it was made or has begun. */
      readonly kind: 'operator_action';
      readonly operation: string;
      /** What it is about, such as a node's name. */
      readonly target?: string;
      /** The account; `local` where nobody has to log in. */
      readonly by: string;
    }
  | {
      readonly kind: 'node_settings_warning';
      readonly node: NodeName;
      readonly setting: string;
      readonly found: string;
      readonly wanted: string;
      readonly remedy: string;
    }
  | { readonly kind: 'log_warning'; readonly message: string }
  /** Writes are refused from now on, until `log_available`. */
  | { readonly kind: 'log_unavailable'; readonly reason: string }
  | { readonly kind: 'log_available' }
  | { readonly kind: 'log_truncated'; readonly before: Seq }
  | {
      /** The log was cut past what a node that is away has: it will need a resync. */
      readonly kind: 'place_given_up';
      readonly node: NodeName;
      /** The first entry that it lacks. */
      readonly from: Seq;
      /** How many entries it lacks. */
      readonly pending: number;
      readonly logBegins: Seq;
      /** The setting that was reached, with its value. */
      readonly limit: string;
    }
  | {
      /** Less than `log.free_bytes_min` is free; `log_space_ok`: no longer. */
      readonly kind: 'log_space_low' | 'log_space_ok';
      readonly folder: string;
      readonly freeBytes: number;
      readonly freeBytesMin: number;
    }
  | { readonly kind: 'refused_statement'; readonly reason: string; readonly sql: string };

/** An event as it was published: `id` counts from 1, `at` is milliseconds since 1970. */
export type StampedEvent = LockstepEvent & { readonly id: number; readonly at: number };
