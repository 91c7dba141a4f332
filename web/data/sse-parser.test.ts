import { expect, test } from 'vitest';
import { SseParser } from './sse-parser.ts';

test('messages are whole however the stream is cut', () => {
  const stream = ': hello\nretry: 1000\n\nid: a-1\nevent: started\ndata: {"id":1}\n\ndata: x\n\n';
  const expected = [
    { id: 'a-1', event: 'started', data: '{"id":1}' },
    { id: undefined, event: 'message', data: 'x' },
  ];
  for (let cut = 0; cut <= stream.length; cut += 1) {
    const parser = new SseParser();
    const messages = [...parser.push(stream.slice(0, cut)), ...parser.push(stream.slice(cut))];
    expect(messages).toEqual(expected);
  }
});

test('lines of data belong together, and a message without any is none', () => {
  const parser = new SseParser();
  expect(parser.push('event: empty\n\ndata: one\ndata: two\n\n')).toEqual([
    { id: undefined, event: 'message', data: 'one\ntwo' },
  ]);
});
