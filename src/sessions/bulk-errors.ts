import { NodeQueryError } from '../nodes/query-rows.ts';

/** MariaDB's errors for what COM_STMT_BULK_EXECUTE cannot do, in its words. */
export const notInBulk = (): NodeQueryError =>
  new NodeQueryError(
    1295,
    'HY000',
    'This command is not supported in the prepared statement protocol yet',
  );

/** Also for rows that are cut off, and for none. */
export const wrongBulkArguments = (): NodeQueryError =>
  new NodeQueryError(1210, 'HY000', 'Incorrect arguments to mysqld_stmt_bulk_execute');

export const noDefaultHere = (): NodeQueryError =>
  new NodeQueryError(
    4032,
    'HY000',
    'Default/ignore value is not supported for such parameter usage',
  );
