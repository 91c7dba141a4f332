import { NodeQueryError } from '../nodes/query-rows.ts';
import type { BinaryValue } from '../protocol/binary-value.ts';
import type { BoundParameter } from '../protocol/stmt-execute.ts';
import { derivedNumber } from '../sql/derived-number.ts';
import { literalOf, type LiteralOptions } from '../sql/literal-of.ts';
import { isOutOfRange, type TemporalValue } from '../sql/temporal-literal.ts';
import type { Expected } from './derived-types.ts';
import type { SessionCore } from './session-core.ts';

/** The parameters as SQL literals, for the log. */
export function boundLiterals(
  core: SessionCore,
  bound: readonly BoundParameter[],
  expected: readonly Expected[],
): string[] {
  if (core.lexMode.flavor === 'mysql') refuseOutOfRange(bound);
  const options = literalOptions(core);
  return bound.map((parameter, index) => {
    const kind = expected[index];
    return (kind && derivedNumber(parameter, kind)) ?? literalOf(parameter, options);
  });
}

function literalOptions(core: SessionCore): LiteralOptions {
  const charset = core.state.carried.settings.get('character_set_client') ?? 'utf8mb4';
  return {
    charset: charset.replaceAll("'", ''),
    noBackslashEscapes: core.lexMode.noBackslashEscapes,
  };
}

/** As MySQL does: a literal could not say what it refuses. */
function refuseOutOfRange(bound: readonly BoundParameter[]): void {
  for (const { value } of bound) {
    const temporal = temporalOf(value);
    if (!temporal || !isOutOfRange(temporal)) continue;
    const name = temporal.kind === 'time' ? 'TIME' : 'DATETIME';
    throw new NodeQueryError(1690, '22003', `${name} value is out of range in 'parameter'`);
  }
}

function temporalOf(value: BinaryValue): TemporalValue | undefined {
  return value !== null && typeof value === 'object' && 'kind' in value ? value : undefined;
}
