import { demoOperations } from '../demo/demo-control.ts';
import { usersOperations } from '../demo/users-operations.ts';
import type { Operation } from '../http/operation.ts';
import { operations } from '../http/operations.ts';

/** Those of the demo too, which other balancers do not know. */
export const allOperations: readonly Operation[] = [
  ...operations,
  ...demoOperations([]),
  ...usersOperations,
];
