import type { ExampleAnswers } from '../example-answers.ts';

export const queryAnswers: ExampleAnswers = {
  query: {
    200: {
      kind: 'rows',
      columns: [{ name: 'answer', type: 'DOUBLE' }],
      rows: [[42]],
      rowCount: 1,
      truncated: false,
      node: 'mysql3',
      durationMs: 57.755,
      warnings: 0,
    },
    202: { kind: 'accepted', id: 'f574186c-a90e-4b0d-acc0-293fed047899' },
    lines: [
      '{"kind":"columns","columns":[{"name":"answer","type":"DOUBLE"}],"node":"mysql2"}\n',
      '{"kind":"rows","rows":[[42]]}\n',
      '{"kind":"end","rowCount":1,"truncated":false,"node":"mysql2",',
      '"durationMs":47.464,"warnings":0}\n',
    ].join(''),
  },
  queryNode: {
    200: {
      kind: 'rows',
      columns: [{ name: 'COUNT(*)', type: 'LONGLONG' }],
      rows: [[3]],
      rowCount: 1,
      truncated: false,
      node: 'mysql2',
      durationMs: 17.244,
      position: 5,
    },
    lines: [
      '{"kind":"columns","columns":[{"name":"COUNT(*)","type":"LONGLONG"}],',
      '"node":"mysql2"}\n',
      '{"kind":"rows","rows":[[3]]}\n',
      '{"kind":"end","rowCount":1,"truncated":false,"node":"mysql2",',
      '"durationMs":16.070,"position":5}\n',
    ].join(''),
  },
  getCommand: {
    200: {
      id: 'f574186c-a90e-4b0d-acc0-293fed047899',
      state: 'queued',
      sql: "INSERT INTO users (name, email) VALUES ('Ada', 'a')",
    },
  },
  getLog: {
    200: {
      firstSeq: 1,
      lastSeq: 5,
      entries: [
        {
          seq: 1,
          at: '2026-11-26T13:54:06.458Z',
          kind: 'ddl',
          commands: [
            {
              sql: [
                'CREATE TABLE users (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100), email ',
                'VARCHAR(200), created_at TIMESTAMP)',
              ].join(''),
              schema: 'app',
              pins: { timestamp: '1795701246.178000' },
              affectedRows: 0,
              insertId: '0',
              errno: 0,
            },
          ],
          bytes: 835,
        },
        {
          seq: 2,
          at: '2026-11-26T13:54:07.148Z',
          kind: 'transaction',
          commands: [
            {
              sql: [
                "INSERT INTO users (name, email) VALUES ('Ada', 'ada@example.org'), ('Grace', ",
                "'grace@example.org')",
              ].join(''),
              schema: 'app',
              pins: { timestamp: '1795701247.140000', insertId: '1' },
              affectedRows: 2,
              insertId: '1',
              errno: 0,
            },
          ],
          bytes: 822,
        },
      ],
    },
  },
  verifyLog: {
    200: {
      segments: 1,
      entries: 5,
      intents: 1,
      firstSeq: 1,
      lastSeq: 5,
      sizeBytes: 5129,
      problems: [],
      files: { files: 0, sizeBytes: 0, unnamed: [] },
    },
  },
  listQueries: {
    200: {
      since: '2026-11-26T13:54:03.630Z',
      digests: [
        {
          digest: '135cb32a63969acf',
          sql: [
            'CREATE TABLE users (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR (?), email ',
            'VARCHAR (?), created_at TIMESTAMP)',
          ].join(''),
          kind: 'ddl',
          count: 1,
          errors: 0,
          rows: 0,
          totalMs: 794.2985780000008,
          p50Ms: 794.2985780000008,
          p95Ms: 794.2985780000008,
          p99Ms: 794.2985780000008,
          maxMs: 794.2985780000008,
          nodes: { mysql2: 1 },
          firstSeen: '2026-11-26T13:54:06.923Z',
          lastSeen: '2026-11-26T13:54:06.923Z',
        },
        {
          digest: '69fff5167daf700a',
          sql: 'INSERT INTO users (name, email) VALUES (...), ...',
          kind: 'write',
          count: 1,
          errors: 0,
          rows: 2,
          totalMs: 72.14818100000048,
          p50Ms: 69.632,
          p95Ms: 69.632,
          p99Ms: 69.632,
          maxMs: 72.14818100000048,
          nodes: { mysql2: 1 },
          firstSeen: '2026-11-26T13:54:07.159Z',
          lastSeen: '2026-11-26T13:54:07.159Z',
        },
      ],
      total: 12,
      forgotten: 0,
    },
  },
  listSlowQueries: {
    200: {
      thresholdMs: 1,
      queries: [
        {
          at: '2026-11-26T13:54:12.483Z',
          sql: 'SELECT ? + 1 AS answer',
          digest: '6877dc4eae28f29f',
          schema: 'app',
          user: 'app',
          host: 'localhost',
          node: 'mysql3',
          durationMs: 19.11,
          rows: 1,
        },
        {
          at: '2026-11-26T13:54:08.442Z',
          sql: "INSERT INTO users (name, email) VALUES ('Edsger', 'edsger@example.org')",
          digest: 'a9f785856dcebfca',
          schema: 'app',
          user: 'app',
          host: 'localhost',
          node: 'mysql1',
          durationMs: 32.897,
          rows: 1,
        },
      ],
    },
  },
  listRefusedQueries: {
    200: {
      queries: [
        {
          at: '2026-11-26T13:54:07.716Z',
          sql: 'SELECT * INTO OUTFILE "/var/lib/mysql/users.txt" FROM users',
          user: 'app',
          reason: 'unsupported',
          message: 'SELECT … INTO OUTFILE is not supported: the file would lie on one node',
          count: 1,
        },
      ],
    },
  },
  getHistory: {
    200: {
      stepMs: 1000,
      at: [1795701244980, 1795701245676, 1795701246639],
      cluster: {
        reads: [0, 0, 0],
        writes: [0, 0, 0],
        errors: [0, 0, 0],
        readP50: [null, null, null],
        readP95: [null, null, null],
        readP99: [null, null, null],
        writeP50: [null, null, null],
        writeP95: [null, null, null],
        writeP99: [null, null, null],
        sessions: [0, 0, 1],
      },
      nodes: {
        mysql1: {
          reads: [0, 0, 0],
          p99: [null, null, null],
          pending: [0, 0, 1],
          state: ['UP', 'UP', 'UP'],
        },
        mysql2: {
          reads: [0, 0, 0],
          p99: [null, null, null],
          pending: [0, 0, 0],
          state: ['UP', 'UP', 'UP'],
        },
        mysql3: {
          reads: [0, 0, 0],
          p99: [null, null, null],
          pending: [0, 0, 1],
          state: ['UP', 'UP', 'UP'],
        },
      },
    },
  },
  streamHistory: {
    200: [
      ': lockstep events\n',
      'retry: 1000\n',
      '\n',
      'id: 321cb244-9\n',
      'event: sample\n',
      'data: {"kind":"sample","id":9,"at":1795701252636,"cluster":{"reads":1.003,',
      '"writes":0,"errors":0,"readP50":19.456,"readP95":19.456,"readP99":19.456,',
      '"writeP50":null,"writeP95":null,"writeP99":null,"sessions":1},',
      '"nodes":{"mysql1":{"reads":0,"p99":null,"pending":0,"state":"UP"},',
      '"mysql2":{"reads":0,"p99":null,"pending":0,"state":"UP"},"mysql3":{"reads":1.003,',
      '"p99":19.456,"pending":0,"state":"UP"}}}\n',
      '\n',
    ].join(''),
  },
};
