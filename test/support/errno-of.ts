import type { Connection } from 'mysql2/promise';

/** The number of the error that a statement ends with; undefined when there is none. */
export const errnoOf = (client: Connection, sql: string): Promise<number | undefined> =>
  client.query(sql).then(
    () => undefined,
    (error: { errno: number }) => error.errno,
  );
