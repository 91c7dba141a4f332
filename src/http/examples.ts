/** What an operation may be given, to try it. */
export interface Example {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: unknown;
}

const node = { params: { name: 'mysql2' } };
const server = { url: 'mysql://root:root@127.0.0.1:3312/app' };

/** By the operation's name; for one that takes nothing there is none. A test runs them all. */
export const examples: Readonly<Record<string, Example>> = {
  login: { body: { name: 'ada', password: 'correct horse' } },
  loginToSql: { body: { user: 'app', password: 'app' } },
  listAudit: { query: { limit: 20 } },
  changeConfig: { body: { set: { 'health.interval': '3s' } } },
  applyConfig: {
    body: {
      text: 'nodes:\n  - mysql1=mysql://app:app@127.0.0.1:3307/app\nstrategy: round_robin\n',
    },
  },
  getHistory: { query: { points: 60 } },
  getLog: { query: { after: 0, limit: 20 } },
  addNode: { body: { name: 'mysql6', ...server, resync: true } },
  replaceNode: { ...node, body: { ...server, resync: true, force: true } },
  removeNode: { ...node, query: { force: true } },
  getNode: node,
  getNodeLog: { ...node, query: { limit: 20 } },
  enableNode: node,
  disableNode: node,
  drainNode: node,
  resyncNode: node,
  setNodeWeight: { ...node, body: { weight: 3 } },
  listQueries: { query: { sort: 'total', limit: 20 } },
  listSlowQueries: { query: { limit: 20 } },
  query: {
    body: { sql: 'SELECT ? + 1 AS answer', schema: 'app', parameters: [41], limit: 100 },
  },
  queryNode: { ...node, body: { sql: 'SELECT COUNT(*) FROM users', schema: 'app' } },
  getCommand: { params: { id: '5b0f3a52-8a0c-4f0e-9d0a-0f6f5d0c1e2a' } },
  killSession: { params: { id: 7 }, body: { queryOnly: true } },
  setStrategy: { params: { name: 'round_robin' } },
  verify: { body: { tables: ['app.users'], rows: true } },
  listUsers: { query: { limit: 20 } },
  getUser: { params: { id: 1 } },
  addUser: { body: { name: 'Ada', email: 'ada@example.org' } },
  changeUser: { params: { id: 1 }, body: { name: 'Ada', email: 'ada@example.net' } },
  deleteUser: { params: { id: 1 } },
};
