import { expect, test } from 'vitest';
import { createLogger } from './logger.ts';

function lines(level: 'debug' | 'warn' | 'silent') {
  const written: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void written.push(JSON.parse(line)) };
  return { logger: createLogger({ level, destination }), written };
}

test('a line has level, time and message', () => {
  const { logger, written } = lines('debug');
  logger.info({ node: 'mysql1' }, 'node is up');
  expect(written).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      node: 'mysql1',
      msg: 'node is up',
    },
  ]);
});

test('levels below the chosen one are left out', () => {
  const { logger, written } = lines('warn');
  logger.info('one');
  logger.warn('two');
  expect(written.map((line) => line['msg'])).toEqual(['two']);
});

test('passwords never reach the log', () => {
  const { logger, written } = lines('debug');
  const secret = 'hunter2';
  logger.info({ password: secret, user: { password: secret }, nodes: [{ password: secret }] }, 'x');
  expect(JSON.stringify(written)).not.toContain(secret);
});
