import type { historySchema } from '../../src/http/history-schemas.ts';
import type {
  digestListSchema,
  refusedListSchema,
  slowListSchema,
} from '../../src/http/query-schemas.ts';
import type { Snapshot } from '../../src/http/schemas.ts';
import type { sessionListSchema } from '../../src/http/session-schemas.ts';
import type { settingsDiffSchema, settingsSchema } from '../../src/http/settings-control.ts';
import type { VerifyReport, VerifyStatus } from '../../src/http/verify-schemas.ts';

// What the balancer answers, by the very schemas by which it documents it.

export type History = Snapshot<typeof historySchema>;
export type ClusterColumn = keyof History['cluster'];
/** One value a point of time; null where there was nothing to measure. */
export type Line = readonly (number | null)[];

export const clusterColumns = [
  'reads',
  'writes',
  'errors',
  'readP50',
  'readP95',
  'readP99',
  'writeP50',
  'writeP95',
  'writeP99',
  'sessions',
] as const satisfies readonly ClusterColumn[];

export type Digests = Snapshot<typeof digestListSchema>;
export type Digest = Digests['digests'][number];
export type SlowQueries = Snapshot<typeof slowListSchema>;
export type SlowQuery = SlowQueries['queries'][number];
export type RefusedQueries = Snapshot<typeof refusedListSchema>;
export type RefusedQuery = RefusedQueries['queries'][number];

export type Sessions = Snapshot<typeof sessionListSchema>;
export type Session = Sessions['sessions'][number];

export type Settings = Snapshot<typeof settingsSchema>;
export type Setting = Settings['settings'][number];
export type SettingsDiff = Snapshot<typeof settingsDiffSchema>;

export type { VerifyReport, VerifyStatus };
export type VerifiedTable = VerifyReport['tables'][number];
export type DifferingRange = NonNullable<VerifiedTable['ranges']>[number];
export type RowDifference = NonNullable<DifferingRange['rows']>[number];
export type Repairs = NonNullable<VerifyReport['repairs']>;

/** Who uses the page. */
export interface Me {
  readonly role: 'admin' | 'viewer';
  readonly name: string;
  readonly sqlUser?: string;
  readonly csrf?: string;
  /** No accounts are configured: whoever is on this machine may do all. */
  readonly open: boolean;
}
