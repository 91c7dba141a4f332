import type { ExampleAnswers } from '../example-answers.ts';

export const configAnswers: ExampleAnswers = {
  getConfig: {
    200: {
      file: '/etc/lockstep.yaml',
      settings: [
        {
          path: 'strategy',
          value: 'round_robin',
          default: 'least_time',
          source: 'run-time',
          changes: 'now',
          kind: 'choice',
          allowed: [
            'one of round_robin, weighted_round_robin, least_time, least_connections, ',
            'random_two_choices',
          ].join(''),
          description: 'How the node for a read is chosen; can be changed while running.',
          choices: ['round_robin', 'weighted_round_robin', 'least_time'],
        },
        {
          path: 'health.interval',
          value: '5s',
          default: '5s',
          source: 'default',
          changes: 'now',
          kind: 'duration',
          allowed: 'a duration such as 500ms, 5s, 2m or 1h, from 100ms to 1h',
          description: 'Time between active checks.',
        },
        {
          path: 'nodes.mysql2.weight',
          value: 3,
          default: 1,
          source: 'run-time',
          changes: 'now',
          kind: 'integer',
          allowed: 'a whole number from 1 to 1000',
          description: 'Share of the reads, relative to others.',
        },
      ],
    },
  },
  changeConfig: {
    200: {
      changed: [{ path: 'health.interval', from: '5s', to: '3s' }],
      restart: [],
      nodes: [],
      refusedCount: 0,
    },
  },
  diffConfig: {
    200: {
      file: '/etc/lockstep.yaml',
      differences: [
        { path: 'strategy', from: 'round_robin', to: 'least_time', changes: 'now' },
        { path: 'health.interval', from: '3s', to: '5s', changes: 'now' },
        { path: 'nodes.mysql2.weight', from: 3, to: 1, changes: 'now' },
      ],
    },
  },
  reloadConfig: {
    200: {
      changed: [
        { path: 'strategy', from: 'round_robin', to: 'least_time' },
        { path: 'health.interval', from: '3s', to: '5s' },
        { path: 'nodes.mysql2.weight', from: 3, to: 1 },
      ],
      restart: [],
      nodes: [],
      refusedCount: 0,
    },
  },
  applyConfig: {
    200: {
      changed: [{ path: 'strategy', from: 'least_time', to: 'round_robin' }],
      restart: [],
      nodes: [],
      refusedCount: 0,
    },
  },
};
