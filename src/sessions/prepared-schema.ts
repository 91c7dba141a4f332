import type { SessionCore } from './session-core.ts';
import type { WriteRequest } from './write-request.ts';

/**
 * Runs a statement in the schema that it was prepared in, as the servers do: a USE since does not
 * change what its names mean. One that was prepared in none names none, and runs where it is.
 */
export async function inPreparedSchema<T>(
  core: SessionCore,
  { preparedIn = '', statement }: Pick<WriteRequest, 'preparedIn' | 'statement'>,
  run: () => Promise<T>,
): Promise<T> {
  const { schema } = core.state;
  if (preparedIn === '' || preparedIn === schema || statement.kind === 'use') return run();
  core.state.useSchema(preparedIn);
  try {
    return await run();
  } finally {
    core.state.useSchema(schema);
  }
}
