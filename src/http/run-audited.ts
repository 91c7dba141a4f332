import type { BalancerControl } from './balancer-control.ts';
import {
  accessOf,
  type Answer,
  type AuditNotes,
  type Call,
  type Operation,
  type OperationInput,
  type OperationSchema,
} from './operation.ts';
import { problemOf } from './problem.ts';
import { withoutSecrets, withoutPasswords } from './without-secrets.ts';

interface Request {
  readonly input: OperationInput<OperationSchema>;
  readonly call: Call;
  readonly path: string;
}

const textLengthMax = 4096;

/**
 * Runs an operation, and writes down who did what with which outcome, if it changes something.
 * What an operator did to the cluster is an event too.
 */
export async function runAudited(
  operation: Operation,
  control: BalancerControl,
  { input, call, path }: Request,
): Promise<Answer> {
  let notes: AuditNotes = { changes: operation.method !== 'GET' };
  const startedMs = call.clock.nowMs();
  const noted: Call = {
    ...call,
    note: (more) => {
      notes = { ...notes, ...more };
    },
  };
  const record = async (status: number, code?: string): Promise<void> => {
    if (notes.changes !== true) return;
    await call.audit?.append({
      by: input.by,
      from: call.caller.address,
      operation: operation.name,
      method: operation.method,
      path,
      ...shownInput(input),
      ...(notes.sqlUser === undefined ? {} : { sqlUser: notes.sqlUser }),
      status,
      ...((code ?? notes.code) === undefined ? {} : { code: code ?? notes.code ?? '' }),
      ...(notes.seq === undefined ? {} : { seq: notes.seq }),
      durationMs: Math.round(call.clock.nowMs() - startedMs),
    });
  };
  const failed = async (error: unknown): Promise<never> => {
    const { status, code } = problemOf(error);
    await record(status, code);
    throw error;
  };
  const answer = await Promise.resolve(operation.run(control, input, noted)).catch(failed);
  if (answer.kind === 'lines') {
    const write: typeof answer.write = (line) => answer.write(line).then(() => record(200), failed);
    return { ...answer, write };
  }
  if (answer.kind === 'problem') await record(answer.problem.status, answer.problem.code);
  else {
    await record(answer.kind === 'json' ? answer.status : 200);
    publish(operation, control, input);
  }
  return answer;
}

function publish(
  operation: Operation,
  { events }: BalancerControl,
  { params, by }: OperationInput<OperationSchema>,
): void {
  if (operation.method === 'GET' || accessOf(operation) !== 'operate') return;
  const target = Object.values((params as Record<string, unknown> | undefined) ?? {})[0];
  events.publish({
    kind: 'operator_action',
    operation: operation.name,
    ...(typeof target === 'string' ? { target } : {}),
    by,
  });
}

function shownInput({ query, body }: OperationInput<OperationSchema>) {
  const { sql, ...rest } = { ...(query as object), ...(body as object) } as Record<string, unknown>;
  const input = JSON.stringify(withoutSecrets(rest));
  return {
    ...(input === '{}' ? {} : { input: cut(input) }),
    ...(typeof sql === 'string' ? { sql: cut(withoutPasswords(sql)) } : {}),
  };
}

const cut = (text: string): string =>
  text.length <= textLengthMax ? text : `${text.slice(0, textLengthMax)}…`;
