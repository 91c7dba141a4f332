import { encodeRecord, recordHeaderBytes } from '../dist/log/record-codec.js';
import { PacketAssembler } from '../dist/protocol/command-scanner.js';
import { encodePacket } from '../dist/protocol/packet-writer.js';
import { ResponseScanner } from '../dist/protocol/response-scanner.js';
import { decodeEntry, encodeEntry } from '../dist/replication/entry-codec.js';
import { analyse } from '../dist/sql/analyse.js';
import { defaultLexMode } from '../dist/sql/lex-mode.js';
import { Lexer } from '../dist/sql/lexer.js';
import { StatementCache } from '../dist/sql/statement-cache.js';

const pointSelect = 'SELECT c FROM sbtest1 WHERE id=50123';
const update = "UPDATE sbtest1 SET k=k+1, c='0123456789-0123456789' WHERE id=50123";
const join =
  'SELECT o.id, SUM(i.price * i.amount) total FROM orders o JOIN items i ON i.order_id = o.id ' +
  "WHERE o.placed >= '2026-01-01' AND o.state IN ('new', 'paid') " +
  'GROUP BY o.id ORDER BY total DESC LIMIT 20';

const cache = new StatementCache(() => 1000);
const nothing = { onData() {}, onTerminal() {}, onLocalInfile() {} };

/** An answer under DEPRECATE_EOF: a count, one definition, so many rows, an OK. */
function answer(rows, rowBytes) {
  const definition = Buffer.alloc(40, 3);
  const row = Buffer.alloc(rowBytes, 120);
  const ok = Buffer.from([0xfe, 0, 0, 2, 0, 0, 0]);
  const payloads = [Buffer.from([1]), definition, ...Array.from({ length: rows }, () => row), ok];
  return Buffer.concat(payloads.map((payload, index) => encodePacket(payload, (index + 1) & 0xff)));
}

function scanner(bytes) {
  const scan = new ResponseScanner({ deprecateEof: true });
  return () => {
    scan.begin('query');
    return scan.push(bytes, 0, nothing);
  };
}

function assembler() {
  const assemble = new PacketAssembler({ payloadBytesMax: 1 << 24, report: true });
  const packet = encodePacket(Buffer.from(`\u0003${pointSelect}`, 'latin1'), 0);
  return () => assemble.pushOne(packet, 0).consumed;
}

const entry = {
  seq: 7_000_123,
  epoch: 12,
  kind: 'transaction',
  atMs: 1_795_000_000_000,
  lastCommitted: 7_000_120,
  confirmed: 7_000_119,
  commands: [
    {
      sql: update,
      parameters: [],
      parameterOffsets: [],
      context: { schema: 'app', settings: "SET sql_mode='STRICT_TRANS_TABLES'" },
      pins: { timestamp: '1795000000.000000' },
      result: { affectedRows: 1, insertId: '0', errno: 0, comparable: 'matched' },
    },
  ],
};

function record() {
  const payload = encodeEntry(entry);
  const target = Buffer.alloc(recordHeaderBytes + payload.length);
  const place = { salt: 12_345, batchStart: 4096 };
  return () => encodeRecord(target, 0, { kind: 'entry', seq: entry.seq, payload }, place);
}

function decoding() {
  const payload = encodeEntry(entry);
  return () => decodeEntry(payload).seq;
}

/** Each gives what is called again and again; what that returns is of no use but to be returned. */
export const parts = {
  'lexer: point select': () => () => new Lexer(pointSelect, defaultLexMode).run().length,
  'lexer: join': () => () => new Lexer(join, defaultLexMode).run().length,
  'classifier: point select': () => () => analyse(pointSelect, defaultLexMode).kind,
  'classifier: update': () => () => analyse(update, defaultLexMode).kind,
  'classifier: join': () => () => analyse(join, defaultLexMode).kind,
  'statement cache: point select': () => () => cache.analyse(pointSelect, defaultLexMode).kind,
  'framing: a command': assembler,
  'framing: an answer of one row': () => scanner(answer(1, 120)),
  'framing: an answer of 1,000 rows': () => scanner(answer(1000, 200)),
  'log: encode an entry': () => () => encodeEntry(entry).length,
  'log: put it into a batch': record,
  'log: decode an entry': decoding,
};
