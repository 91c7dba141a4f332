import type { TextResult } from '../../src/protocol/result-set.ts';
import { errResult, okResult, rowsResult, type Transaction } from './sim-results.ts';

const nodeKey = 'lockstep.node';
const appliedPrefix = 'applied:';
const duplicateKey = 1062;
const noSuchTable = 1146;
const outOfRange = 1690;

interface NodeRow {
  clusterId: string;
  epoch: number;
  position: number;
  ddlSeq: number;
  ddlFingerprint: string;
  ddlStatement: string;
  ddlSchema: string;
}

type Handler = (match: RegExpExecArray, transaction: Transaction) => Promise<TextResult>;

/**
 * The statements that Lockstep itself runs on the schema `lockstep`, each as its room writes it:
 * a changed text is not understood, and has to be taught here too.
 */
const handlers: readonly (readonly [RegExp, Handler])[] = [
  [/^CREATE (DATABASE|TABLE) IF NOT EXISTS lockstep/, async () => okResult()],
  [/^INSERT INTO lockstep\.applied VALUES \((\d+)\)$/, insertMarker],
  [/^INSERT IGNORE INTO lockstep\.applied VALUES \((\d+)\)$/, insertMarkerUnlessThere],
  [/^DELETE FROM lockstep\.applied$/, deleteMarkers],
  [/^DELETE FROM lockstep\.applied WHERE seq<=(\d+)$/, deleteMarkers],
  [/^REPLACE INTO lockstep\.node .* VALUES \(1, '(.*)', (\d+), (\d+)\)$/, replaceNode],
  [/^UPDATE lockstep\.node SET position=IF\(position=(\d+),(\d+),.*\) WHERE id=1$/, movePosition],
  [/^UPDATE lockstep\.node SET position=IF\(position\+.*=(\d+),\1,.* AND position<\1$/, fold],
  [
    /^UPDATE lockstep\.node SET position=IF\(.*\)=(\d+),(\d+),.*\), ddl_seq=0 WHERE id=1$/,
    concludeDdl,
  ],
  [/^UPDATE lockstep\.node SET cluster_id='(\w+)' WHERE id=1$/, renameCluster],
  [/^UPDATE lockstep\.node SET ddl_seq=0 WHERE id=1$/, retractDdl],
  [/^UPDATE lockstep\.node SET ddl_seq=(\d+),.*='(.*)',.*=X'(.*)',.*=X'(.*)' WHERE/, announceDdl],
  [/^SELECT cluster_id, epoch, position, ddl_seq, .* FROM lockstep\.node/, selectNode],
  [/^SELECT seq FROM lockstep\.applied WHERE seq > (\d+)/, selectMarkers],
];

/** Undefined when the statement is none of these. */
export async function runMarkerStatement(
  sql: string,
  transaction: Transaction,
): Promise<TextResult | undefined> {
  const oneLine = sql.replaceAll(/\s+/g, ' ');
  for (const [pattern, handler] of handlers) {
    const match = pattern.exec(oneLine);
    if (match) return handler(match, transaction);
  }
  return undefined;
}

/** The markers on a server as they are, for who looks from outside. */
export function markersOf(view: Pick<Transaction, 'get' | 'keys'>): {
  position: number;
  beyond: number[];
} {
  const row = readNode(view);
  // Of a copy under way, and of what was found unfit, nothing is known.
  const position = row?.clusterId === 'simulated' ? row.position : -1;
  const beyond = appliedOf(view).filter((seq) => seq > position);
  return { position, beyond };
}

const appliedOf = (view: Pick<Transaction, 'keys'>): number[] =>
  view
    .keys(appliedPrefix)
    .map((key) => Number(key.slice(appliedPrefix.length)))
    .sort((a, b) => a - b);

function readNode(view: Pick<Transaction, 'get'>): NodeRow | undefined {
  const text = view.get(nodeKey);
  return text === undefined ? undefined : (JSON.parse(text) as NodeRow);
}

async function changeNode(
  transaction: Transaction,
  change: (row: NodeRow) => boolean,
): Promise<TextResult> {
  const errno = await transaction.lock(nodeKey);
  if (errno !== 0) return errResult(errno);
  const row = readNode(transaction);
  if (!row) return errResult(noSuchTable);
  if (!change(row)) return errResult(outOfRange);
  transaction.set(nodeKey, JSON.stringify(row));
  return okResult(1);
}

const markersBetween = (t: Transaction, from: number, to: number): number =>
  appliedOf(t).filter((seq) => seq > from && seq <= to).length;

async function insertMarker(match: RegExpExecArray, t: Transaction): Promise<TextResult> {
  const key = `${appliedPrefix}${match[1]}`;
  const errno = await t.lock(key);
  if (errno !== 0) return errResult(errno);
  if (t.get(key) !== undefined) return errResult(duplicateKey);
  t.set(key, '');
  return okResult(1);
}

async function insertMarkerUnlessThere(m: RegExpExecArray, t: Transaction): Promise<TextResult> {
  const result = await insertMarker(m, t);
  return result.kind === 'err' && result.error.errno === duplicateKey ? okResult(0) : result;
}

async function deleteMarkers(match: RegExpExecArray, t: Transaction): Promise<TextResult> {
  const limit = match[1] === undefined ? Number.POSITIVE_INFINITY : Number(match[1]);
  let count = 0;
  for (const seq of appliedOf(t)) {
    if (seq > limit) break;
    const errno = await t.lock(`${appliedPrefix}${seq}`);
    if (errno !== 0) return errResult(errno);
    t.set(`${appliedPrefix}${seq}`, undefined);
    count++;
  }
  return okResult(count);
}

async function replaceNode(match: RegExpExecArray, t: Transaction): Promise<TextResult> {
  const errno = await t.lock(nodeKey);
  if (errno !== 0) return errResult(errno);
  const row: NodeRow = {
    clusterId: match[1] ?? '',
    epoch: Number(match[2]),
    position: Number(match[3]),
    ddlSeq: 0,
    ddlFingerprint: '',
    ddlStatement: '',
    ddlSchema: '',
  };
  t.set(nodeKey, JSON.stringify(row));
  return okResult(1);
}

function movePosition(match: RegExpExecArray, t: Transaction): Promise<TextResult> {
  return changeNode(t, (row) => {
    if (row.position !== Number(match[1])) return false;
    row.position = Number(match[2]);
    return true;
  });
}

function fold(match: RegExpExecArray, t: Transaction): Promise<TextResult> {
  const to = Number(match[1]);
  return changeNode(t, (row) => {
    if (row.position >= to) return true;
    if (row.position + markersBetween(t, row.position, to) !== to) return false;
    row.position = to;
    return true;
  });
}

function concludeDdl(match: RegExpExecArray, t: Transaction): Promise<TextResult> {
  const before = Number(match[1]);
  return changeNode(t, (row) => {
    if (row.position + markersBetween(t, row.position, before) !== before) return false;
    row.position = Number(match[2]);
    row.ddlSeq = 0;
    return true;
  });
}

function renameCluster(match: RegExpExecArray, t: Transaction): Promise<TextResult> {
  return changeNode(t, (row) => {
    row.clusterId = match[1] ?? '';
    return true;
  });
}

function retractDdl(_match: RegExpExecArray, t: Transaction): Promise<TextResult> {
  return changeNode(t, (row) => {
    row.ddlSeq = 0;
    return true;
  });
}

function announceDdl(match: RegExpExecArray, t: Transaction): Promise<TextResult> {
  return changeNode(t, (row) => {
    row.ddlSeq = Number(match[1]);
    row.ddlFingerprint = match[2] ?? '';
    row.ddlStatement = match[3] ?? '';
    row.ddlSchema = match[4] ?? '';
    return true;
  });
}

async function selectNode(_match: RegExpExecArray, t: Transaction): Promise<TextResult> {
  const row = readNode(t);
  if (!row) return errResult(noSuchTable);
  return rowsResult([
    {
      cluster_id: row.clusterId,
      epoch: String(row.epoch),
      position: String(row.position),
      ddl_seq: String(row.ddlSeq),
      ddl_fingerprint: row.ddlFingerprint,
      ddl_statement: row.ddlStatement,
      ddl_schema: row.ddlSchema,
    },
  ]);
}

async function selectMarkers(match: RegExpExecArray, t: Transaction): Promise<TextResult> {
  const beyond = appliedOf(t).filter((seq) => seq > Number(match[1]));
  return rowsResult(beyond.map((seq) => ({ seq: String(seq) })));
}
