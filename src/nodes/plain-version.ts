/**
 * The version of a server as people know it. Of MariaDB before 11 the greeting says
 * `5.5.5-10.11.19-MariaDB`, for replicas that take no version of two digits.
 * https://mariadb.com/kb/en/connection/#initial-handshake-packet
 */
export const plainVersion = (version: string): string => version.replace(/^5\.5\.5-/, '');
