import { onTestFinished } from 'vitest';
import type { CommitOutcome } from '../../src/replication/commit-outcome.ts';

import type { Settings } from './settings.ts';
import { Stage } from './stage.ts';

/** A stage for one test. */
export async function opened(settings: Partial<Settings> = {}): Promise<Stage> {
  const stage = new Stage(settings);
  onTestFinished(() => stage.close());
  await stage.open();
  return stage;
}

export const named = (name: string, outcome: CommitOutcome): string =>
  `${name} is ${outcome.kind}${outcome.kind === 'committed' ? ` as ${outcome.seq}` : ''}`;
