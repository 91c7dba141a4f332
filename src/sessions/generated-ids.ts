import { LockstepError } from '../base/errors.ts';
import type { Pins } from '../replication/command.ts';
import { unsafe, type WriteFacts } from './check-write.ts';
import type { HeldReply } from './held-reply.ts';
import type { LaneResult } from './leader-lane.ts';
import type { SessionCore } from './session-core.ts';
import type { WriteRequest } from './write-request.ts';

/** It has generated ids, which are in a row for sure only with nothing beside it. */
export class IdsNotAloneError extends LockstepError {
  constructor() {
    super(
      'unsafe_statement',
      'this LOAD DATA generates ids, which other inserts may come between; give every row its ' +
        'id, or load the file outside a transaction',
    );
  }
}

/** It should find an id for every row; whether it does, only running it tells. */
export const selectsIds = ({ statement }: WriteRequest, facts: WriteFacts): boolean =>
  statement.insertSelect && facts.askInsertId && facts.way === 'as_is';

/** The first id that was generated; undefined if none was. */
export function generatedId(
  { tellsInsertId }: WriteFacts,
  pins: Pins,
  { ok }: HeldReply,
  { generatedInsertId }: LaneResult,
): string | undefined {
  if (tellsInsertId) return ok && ok.lastInsertId !== 0n ? String(ok.lastInsertId) : undefined;
  return generatedInsertId === (pins.lastInsertId ?? '0') ? undefined : generatedInsertId;
}

/** Why ids that were generated might go to other rows on followers; undefined if they can't. */
export function objectionToIds(
  core: SessionCore,
  write: WriteRequest,
  facts: WriteFacts,
): LockstepError | undefined {
  if (selectsIds(write, facts)) {
    return unsafe(
      'this INSERT … SELECT generates ids for rows that come in no fixed order',
      'leave the AUTO_INCREMENT column out of the list of columns',
    );
  }
  const isAlone = facts.alone && core.transaction === undefined;
  return facts.aloneForIds && !isAlone ? new IdsNotAloneError() : undefined;
}
