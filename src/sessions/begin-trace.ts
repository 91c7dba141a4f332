import type { Statement } from '../sql/statement.ts';
import { asText as utf8 } from '../telemetry/query-digests.ts';
import type { Attributes, Trace, Tracer } from '../telemetry/tracing/trace.ts';
import { traceParentOf } from '../telemetry/tracing/trace-parent.ts';
import type { Node } from '../nodes/node.ts';
import type { SessionCore } from './session-core.ts';
import { nameText } from './shown-text.ts';
import type { WriteRequest } from './write-request.ts';

/** The trace of a statement that begins: part of its client's, if that has told of one. */
export function beginTrace(
  core: SessionCore,
  tracer: Tracer,
  { statement, sql, attributes = [] }: Pick<WriteRequest, 'statement' | 'sql' | 'attributes'>,
): Trace | undefined {
  const sent = attributes.find(({ name }) => name === 'traceparent')?.value;
  const traceParent = Buffer.isBuffer(sent) ? sent.toString('latin1') : traceParentOf(sql);
  return tracer.statement({
    name: nameOf(statement),
    traceParent,
    attributes: () => ({
      'db.system.name': core.lexMode.flavor,
      'db.operation.name': statement.verb,
      // Without literals: a trace goes to many places.
      'db.query.text': utf8(statement.normalised),
      'db.namespace': nameText(core.state.schema),
      'client.address': core.host,
      'lockstep.user': core.account.user,
      'lockstep.session.id': core.id,
    }),
  });
}

const nameOf = ({ verb, kind }: Statement): string => (verb === '' ? kind : verb);

export function nodeAttributes(node: Node): Attributes {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(node.address) ?? [];
  return {
    'db.system.name': node.facts?.flavor,
    'lockstep.node': node.name,
    'server.address': host,
    'server.port': Number(port),
  };
}
