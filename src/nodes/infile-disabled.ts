import type { NodeName } from '../base/brands.ts';
import { LockstepError } from '../base/errors.ts';

/**
 * ER_LOAD_INFILE_CAPABILITY_DISABLED of MariaDB, ER_CLIENT_LOCAL_FILES_DISABLED of MySQL, and
 * ER_NOT_ALLOWED_COMMAND, by which earlier versions of both say the same.
 */
const disabledErrnos: ReadonlySet<number> = new Set([4166, 3948, 1148]);

/** The server's refusal of a LOAD DATA LOCAL whatever it loads. */
export const isInfileDisabled = (errno: number): boolean => disabledErrnos.has(errno);

export function infileDisabled(node: NodeName): LockstepError {
  return new LockstepError(
    'local_infile_off',
    `local_infile is OFF on node ${node}: SET GLOBAL local_infile=ON there, and in the ` +
      'configuration of its server',
  );
}
