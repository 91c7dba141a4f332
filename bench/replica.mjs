import mysql from 'mysql2/promise';
import { flushing, startServers } from './clusters.mjs';

const primary = [...flushing, '--log-bin=binlog', '--sync-binlog=1', '--binlog-format=MIXED'];

/** Its commits may run beside each other as far as they do not conflict, in four threads. */
const parallel =
  'SET GLOBAL slave_parallel_mode=optimistic;SET GLOBAL slave_parallel_threads=4;' +
  // Without a position that survives a crash in its own transaction it would be measured unfairly.
  "SET GLOBAL gtid_strict_mode=ON;CHANGE MASTER TO MASTER_HOST='127.0.0.1'";

/**
 * A MariaDB primary that flushes at each commit, and its replica, which flushes once a second as
 * the nodes behind Lockstep do. `pause` stops the replica; `catchUp` starts it and resolves with
 * the seconds until it had everything.
 */
export async function startReplica(making) {
  const primaries = await startServers(
    { ...making, folder: `${making.folder}-primary` },
    1,
    primary,
  );
  try {
    const replicas = await startServers({ ...making, folder: `${making.folder}-replica` }, 1);
    const stop = () => Promise.all([primaries.stop(), replicas.stop()]);
    const [from] = primaries.servers;
    const [to] = replicas.servers;
    const source = await open(from);
    const replica = await open(to);
    await replica.query(
      `${parallel},MASTER_PORT=${from.port},MASTER_USER='root',MASTER_PASSWORD='root',` +
        'MASTER_USE_GTID=slave_pos;START SLAVE',
    );
    const pause = () => replica.query('STOP SLAVE');
    const catchUp = async () => {
      const [[{ position }]] = await source.query('SELECT @@gtid_binlog_pos AS position');
      const startedMs = performance.now();
      await replica.query('START SLAVE');
      const [[{ missed }]] = await replica.query('SELECT MASTER_GTID_WAIT(?, 600) AS missed', [
        position,
      ]);
      if (missed !== 0) throw new Error(`the replica has not reached ${position} in 600 s`);
      return (performance.now() - startedMs) / 1000;
    };
    const end = async () => {
      source.destroy();
      replica.destroy();
      await stop();
    };
    return { port: from.port, pause, catchUp, stop: end };
  } catch (error) {
    await primaries.stop();
    throw error;
  }
}

const open = (server) => mysql.createConnection({ uri: server.url, multipleStatements: true });
