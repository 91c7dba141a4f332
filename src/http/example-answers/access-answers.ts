import type { ExampleAnswers } from '../example-answers.ts';

export const accessAnswers: ExampleAnswers = {
  getMe: { 200: { name: 'deploy', role: 'admin', open: false } },
  login: {
    200: {
      name: 'ada',
      role: 'admin',
      open: false,
      csrf: 'fVGk7FNqfRo08LVENZvrVEJwEUaHGSbrbiePg6DQCMo',
    },
  },
  loginToSql: {
    200: {
      name: 'ada',
      role: 'admin',
      open: false,
      csrf: 'O-_4bKihhGDqaGtXFRU5FsAwX1rYADt6bNwmz_ywOv0',
      sqlUser: 'app',
    },
  },
  listAudit: {
    200: {
      records: [
        {
          id: 14,
          at: '2026-11-26T13:54:12.860Z',
          by: 'deploy',
          from: '127.0.0.1',
          operation: 'cancelVerify',
          method: 'DELETE',
          path: '/verify',
          status: 200,
          durationMs: 0,
        },
        {
          id: 13,
          at: '2026-11-26T13:54:12.843Z',
          by: 'deploy',
          from: '127.0.0.1',
          operation: 'verify',
          method: 'POST',
          path: '/verify',
          input: '{"tables":["app.users"],"rows":true}',
          status: 200,
          durationMs: 282,
        },
      ],
    },
  },
};
