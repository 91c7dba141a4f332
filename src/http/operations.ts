import type { Operation } from './operation.ts';
import { accessOperations } from './operations/access.ts';
import { cacheOperations } from './operations/cache.ts';
import { configOperations } from './operations/config.ts';
import { doctorOperations } from './operations/doctor.ts';
import { eventOperations } from './operations/events.ts';
import { historyOperations } from './operations/history.ts';
import { logOperations } from './operations/log.ts';
import { memberOperations } from './operations/members.ts';
import { nodeOperations } from './operations/nodes.ts';
import { queriesOperations } from './operations/queries.ts';
import { queryOperations } from './operations/query.ts';
import { sessionOperations } from './operations/sessions.ts';
import { statusOperations } from './operations/status.ts';
import { strategyOperations } from './operations/strategy.ts';
import { verifyOperations } from './operations/verify.ts';

/** Everything the outside can ask for; a new operation is added to one of these lists. */
export const operations: readonly Operation[] = [
  ...accessOperations,
  ...statusOperations,
  ...nodeOperations,
  ...memberOperations,
  ...strategyOperations,
  ...configOperations,
  ...doctorOperations,
  ...cacheOperations,
  ...queryOperations,
  ...logOperations,
  ...verifyOperations,
  ...historyOperations,
  ...queriesOperations,
  ...sessionOperations,
  ...eventOperations,
];
