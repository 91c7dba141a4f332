import { decodeErr } from '../protocol/err-packet.ts';

/**
 * Errors by which a server says that it closes the connection now, whatever was asked: both
 * engines answer statements under way with 1053 when they are stopped or (MySQL) when the
 * connection is killed, MariaDB with 1927 when it is killed. 1077, 1079 and 1080 belong to the
 * same family; 4031 is MySQL's for a connection that was idle for too long.
 */
const farewells: ReadonlySet<number> = new Set([1053, 1077, 1079, 1080, 1927, 4031]);

/**
 * Throws when the error is not an answer to the statement but the end of the connection: then
 * whoever waits for the answer must hear that the connection was lost, and may ask elsewhere.
 */
export function throwIfFarewell(payload: Buffer): void {
  const { errno, message } = decodeErr(payload);
  if (farewells.has(errno))
    throw new Error(`the server ends the connection: ${message} (${errno})`);
}
