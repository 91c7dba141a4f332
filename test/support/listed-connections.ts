import type { RowDataPacket } from 'mysql2/promise';
import { connectTo } from '../../src/demo/connect.ts';

/** Ids of the connections for clients' statements, as the server lists them. */
export async function listedConnections(server: { readonly port: number }): Promise<number[]> {
  const root = await connectTo(server, { user: 'root' });
  const [rows] = await root.query<RowDataPacket[]>(listing);
  await root.end();
  return rows.map((row) => Number(row['id']));
}

/** The most of them that the server lists at a time, as long as `work` goes on. */
export async function mostListed(
  server: { readonly port: number },
  work: Promise<unknown>,
): Promise<number> {
  const state = { ended: false };
  const end = (): void => {
    state.ended = true;
  };
  work.then(end, end);
  const root = await connectTo(server, { user: 'root' });
  let most = 0;
  while (!state.ended) {
    const [rows] = await root.query<RowDataPacket[]>(listing);
    most = Math.max(most, rows.length);
  }
  await root.end();
  return most;
}

const listing = "SELECT id FROM information_schema.processlist WHERE user = 'app' ORDER BY id";
