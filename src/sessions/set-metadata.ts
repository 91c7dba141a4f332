import { parseSet } from '../sql/set-statement.ts';
import { setText } from '../sql/set-text.ts';
import { type Answer, okAnswer } from './answer.ts';
import { asText, flatten } from './determine-write.ts';
import type { SessionCore } from './session-core.ts';
import type { WriteRequest } from './write-request.ts';

const variable = 'resultset_metadata';
const names = new RegExp(variable, 'i');
/** ER_CLIENT_DOES_NOT_SUPPORT_OPTIONAL_METADATA: what a node makes of NONE, for we have it not. */
const clientCannot = 3640;

/**
 * Runs a SET that may set resultset_metadata. Nodes send us definitions always, and it is for
 * Lockstep to leave them out: but whatever the value is, a node tells whether it is NONE, by the
 * error that it has then. That checks all of a SET before it does any of it.
 */
export async function setMetadata(
  core: SessionCore,
  write: WriteRequest,
  run: (write: WriteRequest) => Promise<Answer>,
): Promise<Answer> {
  if (!core.metadata || !names.test(write.sql)) return run(write);
  const sql = flatten(write);
  const assignments = parseSet(sql, core.lexMode);
  const others = assignments.filter(({ scope, name }) => scope !== 'session' || name !== variable);
  const answer = await run(write);
  const errno = answer.kind === 'held' ? answer.reply.error?.errno : undefined;
  if (errno === undefined && others.length < assignments.length) core.metadata = 'full';
  if (errno !== clientCannot) return answer;
  const text = setText(sql, others);
  if (others.length > 0) {
    if (text === undefined) return answer;
    const rest = await run(asText(write, text));
    if (rest.kind === 'held' && rest.reply.error) return rest;
  }
  core.metadata = 'none';
  core.tracker?.set(variable, 'NONE');
  return okAnswer;
}
