import { ColumnType } from '../../../src/protocol/column-definition.ts';
import type { BoundParameter } from '../../../src/protocol/stmt-execute.ts';

/** What a client sends; a slot is a place for one prepared statement. */
export type Sent =
  | { readonly kind: 'query'; readonly sql: string }
  | { readonly kind: 'prepare'; readonly slot: number; readonly sql: string }
  | { readonly kind: 'execute'; readonly slot: number; readonly values: readonly BoundParameter[] }
  | { readonly kind: 'close'; readonly slot: number }
  | { readonly kind: 'use'; readonly schema: string }
  | { readonly kind: 'reset' }
  | { readonly kind: 'change_user'; readonly schema: string };

/** One of several sessions sends something. */
export interface Step {
  readonly who: number;
  readonly sent: Sent;
  /** It would wait for the open transactions of others. */
  readonly alone: boolean;
}

/** Values that are bound, as they are written. */
const values: readonly (readonly [text: string, value: BoundParameter])[] = [
  ['1', { type: ColumnType.LONG, unsigned: false, value: 1 }],
  ['2', { type: ColumnType.LONGLONG, unsigned: false, value: 2n }],
  ['1.5', { type: ColumnType.DOUBLE, unsigned: false, value: 1.5 }],
  ['NULL', { type: ColumnType.NULL, unsigned: false, value: null }],
  ...['x', 'too long', '+02:00'].map((text): readonly [string, BoundParameter] => [
    `'${text}'`,
    { type: ColumnType.VAR_STRING, unsigned: false, value: Buffer.from(text) },
  ]),
];

export const boundValues: readonly BoundParameter[] = values.map(([, value]) => value);

const valueText = (bound: BoundParameter): string =>
  values.find(([, value]) => value === bound)?.[0] ?? '?';

function valueOf(written: string): BoundParameter {
  const found = values.find(([text]) => text === written);
  if (!found) throw new Error(`no value to bind: ${written}`);
  return found[1];
}

/** `0: SELECT 1`, as `textOf` writes it. */
export function stepOf(line: string): Step {
  const [, who, words = ''] = /^(\d+): (.*)$/s.exec(line) ?? [];
  return { who: Number(who), sent: sentOf(words), alone: false };
}

function sentOf(words: string): Sent {
  const [, verb, slot, rest = ''] = /^(prepare|execute|close) (\d+)(?:: (.*))?$/s.exec(words) ?? [];
  switch (verb) {
    case 'prepare':
      return { kind: 'prepare', slot: Number(slot), sql: rest };
    case 'execute':
      return { kind: 'execute', slot: Number(slot), values: rest.split(', ').map(valueOf) };
    case 'close':
      return { kind: 'close', slot: Number(slot) };
    case undefined:
    default:
      return commandOf(words);
  }
}

function commandOf(words: string): Sent {
  const [, command, schema = ''] = /^(COM_\w+) ?(.*)$/.exec(words) ?? [];
  if (command === 'COM_INIT_DB') return { kind: 'use', schema };
  if (command === 'COM_CHANGE_USER') return { kind: 'change_user', schema };
  return command === 'COM_RESET_CONNECTION' ? { kind: 'reset' } : { kind: 'query', sql: words };
}

export function textOf({ who, sent }: Step): string {
  return `${who}: ${told(sent)}`;
}

function told(sent: Sent): string {
  switch (sent.kind) {
    case 'query':
      return sent.sql;
    case 'prepare':
      return `prepare ${sent.slot}: ${sent.sql}`;
    case 'execute':
      return `execute ${sent.slot}: ${sent.values.map(valueText).join(', ')}`;
    case 'close':
      return `close ${sent.slot}`;
    case 'use':
      return `COM_INIT_DB ${sent.schema}`;
    case 'reset':
      return 'COM_RESET_CONNECTION';
    case 'change_user':
      return `COM_CHANGE_USER ${sent.schema}`;
  }
}
