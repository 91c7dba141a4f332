import type { IncomingHttpHeaders } from 'node:http';
import type { Static, TSchema } from 'typebox';
import { Type } from 'typebox';
import type { Access } from '../access/access.ts';
import type { AuditLog } from '../access/audit-log.ts';
import type { Caller } from '../access/caller.ts';
import type { Clock } from '../base/clock.ts';
import type { EventSource } from '../telemetry/event-source.ts';
import type { BalancerControl } from './balancer-control.ts';
import type { Problem } from './problem.ts';

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/**
 * Who may: `open` everybody; `read` every account; `operate` administrators; `sql` every account,
 * with the rights of a database user.
 */
export type AccessLevel = 'open' | 'read' | 'operate' | 'sql';

/** What an operation hands back; the server knows how each kind goes on the wire. */
export type Answer =
  | {
      readonly kind: 'json';
      readonly status: number;
      readonly body: unknown;
      /** The node that answered, for a header where the body has no place for it. */
      readonly node?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'problem'; readonly problem: Problem }
  | { readonly kind: 'text'; readonly contentType: string; readonly body: string }
  /** One JSON value a line; an error before the first is answered as any other. */
  | { readonly kind: 'lines'; readonly write: (line: LineWriter) => Promise<void> }
  | { readonly kind: 'events'; readonly events: EventSource }
  | { readonly kind: 'empty'; readonly headers?: Readonly<Record<string, string>> };

/** Resolves when the client is ready for more; rejects when it is gone. */
export type LineWriter = (value: unknown) => Promise<void>;

export const json = (body: unknown, status = 200): Answer => ({ kind: 'json', status, body });

export interface OperationSchema {
  readonly params?: TSchema;
  readonly query?: TSchema;
  readonly body?: TSchema;
  /** By status; an answer's schema is documentation, it does not filter. */
  readonly answers: Readonly<Record<number, TSchema>>;
}

type Part<S> = S extends TSchema ? Static<S> : undefined;

export interface OperationInput<S extends OperationSchema> {
  readonly params: Part<S['params']>;
  readonly query: Part<S['query']>;
  readonly body: Part<S['body']>;
  /** The name of the account that asks; `local` when none is configured. */
  readonly by: string;
}

/** What an operation may want to know of the request beyond its input. */
export interface Call {
  readonly access: Access;
  readonly caller: Caller;
  /** The port that the request came to, and whether by TLS. */
  readonly port: number;
  readonly secure: boolean;
  readonly headers: IncomingHttpHeaders;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Undefined where nothing is written down. */
  readonly audit: AuditLog | undefined;
  /** What the audit log shall say of it beyond what the request says. */
  note(notes: AuditNotes): void;
}

export interface AuditNotes {
  /** False for what changes nothing: then it is not written down. */
  readonly changes?: boolean;
  readonly sqlUser?: string;
  readonly seq?: number;
  readonly code?: string;
}

interface OperationBase<S extends OperationSchema> {
  /** In camelCase; the operationId of the OpenAPI document. */
  readonly name: string;
  readonly tag: string;
  readonly method: HttpMethod;
  /** With parameters as OpenAPI writes them: `/nodes/{name}`. */
  readonly path: string;
  readonly summary: string;
  /** Unless given, reading is for every account and the rest for administrators. */
  readonly access?: AccessLevel;
  /** Longest body, when it is not that of all. */
  readonly bodyBytesMax?: number;
  readonly schema: S;
}

/** One thing that can be asked of the balancer: HTTP, OpenAPI and CLI are made from these. */
export interface Operation extends OperationBase<OperationSchema> {
  run(
    control: BalancerControl,
    input: OperationInput<OperationSchema>,
    call: Call,
  ): Answer | Promise<Answer>;
}

export interface TypedOperation<S extends OperationSchema> extends OperationBase<S> {
  run(control: BalancerControl, input: OperationInput<S>, call: Call): Answer | Promise<Answer>;
}

/** Types `run` by the schemas; the server has validated the input by them when it runs. */
export function operation<const S extends OperationSchema>(typed: TypedOperation<S>): Operation {
  const widened: unknown = typed;
  return widened as Operation;
}

export const accessOf = ({ access, method }: Operation): AccessLevel =>
  access ?? (method === 'GET' ? 'read' : 'operate');

export const closed = { additionalProperties: false } as const;

export const nameParams = Type.Object({
  name: Type.String({ minLength: 1, maxLength: 64, description: 'Name of a node.' }),
});

export const logPageQuery = Type.Object(
  {
    after: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Only entries behind this seq.' }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'Default 100.' })),
  },
  closed,
);

const logLimitDefault = 100;

export function pageOptions(query: Static<typeof logPageQuery>) {
  return {
    limit: query.limit ?? logLimitDefault,
    ...(query.after === undefined ? {} : { after: query.after }),
  };
}
