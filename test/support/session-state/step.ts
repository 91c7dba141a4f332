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

function valueText({ value }: BoundParameter): string {
  if (Buffer.isBuffer(value)) return `'${value.toString()}'`;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** `0: SELECT 1`, as `textOf` writes it. */
export function queryOf(line: string): Step {
  const [who = '', ...sql] = line.split(': ');
  return { who: Number(who), sent: { kind: 'query', sql: sql.join(': ') }, alone: false };
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
