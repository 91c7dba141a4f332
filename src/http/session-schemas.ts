import { Type } from 'typebox';
import { oneOf, type Snapshot, text, timestamp } from './schemas.ts';

export const sessionStatusSchema = Type.Object({
  id: Type.Integer({ description: 'CONNECTION_ID() of the session, and its number for KILL.' }),
  user: Type.String(),
  host: text('Address of the client; `localhost` at the Unix socket and within the process.'),
  schema: text('Default schema, or empty.'),
  command: oneOf(['Query', 'Sleep']),
  sql: Type.Optional(text('What it is at; cut, and without what may be a password.')),
  since: timestamp('Since when it has been at that, or idle.'),
  state: text('In words, e.g. "executing on mysql2".'),
  node: Type.Optional(text('Where it runs, or its transaction is open.')),
  pinned: Type.Optional(text('Why it keeps a connection for itself; absent when it does not.')),
  inTransaction: Type.Boolean(),
  tls: Type.Boolean({ description: 'Its connection is encrypted.' }),
  program: Type.Optional(text('What the client says it is.')),
});
export type SessionStatus = Snapshot<typeof sessionStatusSchema>;

export const sessionListSchema = Type.Object({
  sessions: Type.Array(sessionStatusSchema),
  total: Type.Integer({ description: 'How many there are; `sessions` may show fewer.' }),
});
