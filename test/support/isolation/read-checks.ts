import type { Anomaly, AnomalyKind, History } from './history.ts';
import type { ListRead, Versions } from './versions.ts';

/** What is wrong with single lists and single reads, whatever ran beside them. */
export function checkReads(history: History, versions: Versions): Anomaly[] {
  const found = [...checkFinal(history, versions)];
  for (const read of versions.reads) found.push(...checkRead(read, versions));
  return found;
}

function* checkFinal(history: History, versions: Versions): Generator<Anomaly> {
  for (const [list, values] of versions.orders) {
    const seen = new Set<number>();
    for (const value of values) {
      if (seen.has(value)) yield { kind: 'duplicate', detail: `${value} twice in list ${list}` };
      seen.add(value);
      const writer = versions.writer(value);
      if (!writer) yield { kind: 'garbage', detail: `${value} in list ${list}` };
      else if (writer.outcome === 'rolled_back') {
        yield { kind: 'G1a', detail: `${value} of a transaction rolled back is in list ${list}` };
      }
    }
  }
  for (const { outcome, session, operations } of history.transactions) {
    if (outcome !== 'committed') continue;
    for (const operation of operations) {
      if (operation.kind !== 'append') continue;
      const { value, list } = operation;
      if (versions.place(value) !== undefined) continue;
      yield { kind: 'lost_append', detail: `${value} of session ${session} to list ${list}` };
    }
  }
}

function* checkRead(read: ListRead, versions: Versions): Generator<Anomaly> {
  const { transaction, list, values, own, others } = read;
  const as = (kind: AnomalyKind, what: string): Anomaly => ({
    kind,
    detail: `session ${transaction.session} read ${brief(values)} of list ${list}: ${what}`,
  });
  if (own.some((value, index) => values.at(index - own.length) !== value)) {
    yield as('internal', `its own ${brief(own)} are not at the end`);
  }
  if (new Set(values).size < values.length) yield as('duplicate', 'a value is there twice');
  for (const value of others) {
    const writer = versions.writer(value);
    if (!writer) yield as('garbage', `nobody appended ${value}`);
    else if (writer.outcome === 'rolled_back') yield as('G1a', `${value} was rolled back`);
    else if (versions.place(value) === undefined) yield as('vanished', `${value} is gone`);
  }
  // Its own values have a place only if it took effect.
  const compared = versions.tookEffect(transaction) ? values : others;
  const order = versions.order(list);
  if (compared.some((value, index) => order[index] !== value)) {
    yield as('incompatible_order', `the list is ${brief(order.slice(0, compared.length))}`);
  }
  const last = others.at(-1);
  const writer = versions.writer(last);
  if (last === undefined || !writer || writer === transaction) return;
  const appends = writer.operations.filter(
    (operation) => operation.kind === 'append' && operation.list === list,
  );
  const final = appends.at(-1);
  if (final?.kind === 'append' && final.value !== last) {
    yield as('G1b', `the transaction that appended ${last} went on to append ${final.value}`);
  }
}

/** The last few of the values. */
function brief(values: readonly number[]): string {
  const shown = values.slice(-6).join(' ');
  return values.length > 6 ? `[${values.length - 6} more, ${shown}]` : `[${shown}]`;
}
