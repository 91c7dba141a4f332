import { join } from 'node:path';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { verifyReportSchema } from '../http/verify-schemas.ts';
import type {
  LastVerification,
  VerificationStore,
} from '../replication/shell/verify/verifications.ts';
import type { Logger } from '../telemetry/logger.ts';
import { DurableLines } from './durable-lines.ts';

const keptSchema = Type.Object({
  id: Type.Integer({ minimum: 1 }),
  finishedAt: Type.Number(),
  outcome: Type.Union([
    Type.Object({ kind: Type.Literal('done'), report: verifyReportSchema }),
    Type.Object({ kind: Type.Literal('failed'), reason: Type.String() }),
  ]),
  differing: Type.Optional(Type.Record(Type.String(), Type.Array(Type.String()))),
});

/** The latest verification's result, in a file beside the log. What fails here stops nothing. */
export class KeptVerification implements VerificationStore {
  readonly #lines: DurableLines<LastVerification>;
  readonly #logger: Logger;

  constructor({ folder, logger }: { readonly folder: string; readonly logger: Logger }) {
    const path = join(folder, 'last-verification.jsonl');
    this.#lines = new DurableLines({ path, name: 'the result of the verification' });
    this.#logger = logger;
  }

  /** Undefined also for a file that is damaged, or of another version. */
  async load(): Promise<LastVerification | undefined> {
    try {
      const [last] = await this.#lines.load();
      return last !== undefined && Value.Check(keptSchema, last) ? last : undefined;
    } catch (error) {
      this.#logger.warn({ err: error }, 'the last verification cannot be read');
      return undefined;
    }
  }

  async keep(last: LastVerification): Promise<void> {
    try {
      await this.#lines.replace(() => [last]);
    } catch (error) {
      this.#logger.warn({ err: error }, 'the result of the verification cannot be kept');
    }
  }
}
