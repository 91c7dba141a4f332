import type { ExampleAnswers } from '../example-answers.ts';

export const demoAnswers: ExampleAnswers = {
  listUsers: {
    200: [
      { id: 1, name: 'Ada Lovelace', email: 'ada@example.com', createdAt: '2026-11-26 14:04:07' },
    ],
  },
  getUser: {
    200: {
      id: 1,
      name: 'Ada Lovelace',
      email: 'ada@example.com',
      createdAt: '2026-11-26 14:04:07',
    },
  },
  addUser: {
    201: { id: 4, name: 'Ada', email: 'ada@example.org', createdAt: '2026-11-26 14:05:31' },
  },
  changeUser: {
    200: { id: 1, name: 'Ada', email: 'ada@example.net', createdAt: '2026-11-26 14:04:07' },
  },
  listDemoNodes: {
    200: [
      {
        name: 'mysql1',
        port: 3307,
        state: 'running',
        pid: 26877,
        actions: ['stop', 'kill', 'pause'],
      },
      {
        name: 'mysql2',
        port: 3308,
        state: 'running',
        pid: 26878,
        actions: ['stop', 'kill', 'pause'],
      },
    ],
  },
  pauseDemoNode: {
    200: {
      name: 'mysql2',
      port: 3308,
      state: 'paused',
      pid: 26878,
      actions: ['resume', 'stop', 'kill'],
    },
  },
  resumeDemoNode: {
    200: {
      name: 'mysql2',
      port: 3308,
      state: 'running',
      pid: 26878,
      actions: ['stop', 'kill', 'pause'],
    },
  },
  stopDemoNode: { 200: { name: 'mysql2', port: 3308, state: 'stopped', actions: ['start'] } },
  startDemoNode: {
    200: {
      name: 'mysql2',
      port: 3308,
      state: 'running',
      pid: 27037,
      actions: ['stop', 'kill', 'pause'],
    },
  },
  killDemoNode: { 200: { name: 'mysql2', port: 3308, state: 'stopped', actions: ['start'] } },
};
