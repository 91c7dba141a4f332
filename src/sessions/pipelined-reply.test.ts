import { expect, test } from 'vitest';
import { encodeOk, okHeader, resultEndHeader } from '../protocol/ok-packet.ts';
import { encodePacket } from '../protocol/packet-writer.ts';
import type { Terminal } from '../protocol/response-sink.ts';
import { type PipelinedEnd, PipelinedReply } from './pipelined-reply.ts';

const ok = { affectedRows: 0, lastInsertId: 0n, statusFlags: 0, warnings: 0, info: '' };

function terminal(type: 'ok' | 'result_end_ok'): Terminal {
  const header = type === 'ok' ? okHeader : resultEndHeader;
  const raw = encodePacket(encodeOk({ ...ok, sessionChanges: [] }, 0, { header }), 1);
  const place = { statusFlags: 0, last: true, resultIndex: 0, rows: 1, sequenceId: 1 };
  return { type, raw, payload: raw.subarray(4), ...place };
}

function answered(bytes: number, type: 'ok' | 'result_end_ok') {
  const ends: PipelinedEnd[] = [];
  let told = 0;
  const reply = new PipelinedReply({
    status: { inTransaction: false, autocommit: true, moreResults: false },
    changes: () => {
      told += 1;
      return [];
    },
    onSlow: () => {},
    done: (end) => ends.push(end),
  });
  reply.onData(Buffer.alloc(bytes));
  reply.onTerminal(terminal(type));
  reply.onEnd();
  return { kinds: ends.map(({ kind }) => kind), told };
}

test('changes that were told are not lost with an answer that is as long as it may be', () => {
  expect(answered(64 * 1024, 'result_end_ok')).toEqual({ kinds: ['complete'], told: 1 });
  expect(answered(64 * 1024 + 1, 'result_end_ok')).toEqual({ kinds: ['again'], told: 0 });
});

test('what is no rows is no answer to a read', () => {
  expect(answered(0, 'ok')).toEqual({ kinds: ['again'], told: 0 });
});
