import { LockstepError } from '../base/errors.ts';
import { renderPins } from '../replication/apply-batch.ts';
import type { Pins } from '../replication/command.ts';
import { lowerName } from '../sql/lower-name.ts';
import type { Statement } from '../sql/statement.ts';
import type { WriteFacts } from './check-write.ts';
import type { SessionCore } from './session-core.ts';
import { isNotText } from './session-state.ts';
import { setUnknownVariables } from './user-variables.ts';

/** The pins of a write. */
export interface WritePins {
  /** What goes into the entry, but for the generated insert id. */
  readonly pins: Pins;
  readonly leaderPins: LeaderPins;
}

/** What the leader is sent ahead of a write. */
export interface LeaderPins {
  /** A SET statement; '' for none. */
  readonly sql: string;
  /** It stops the clock, which goes on in the session. */
  readonly stopsClock: boolean;
}

const seedMax = 0x3fffffff;

/**
 * Fixes by session variables what a write computes from anything but the data. `before`: what was
 * fixed when another leader ran it, whose clock, seeds and ids it keeps.
 */
export function pinWrite(
  core: SessionCore,
  statement: Statement,
  facts?: WriteFacts,
  before?: Pins,
): WritePins {
  const { carried } = core.state;
  const pins: { -readonly [Name in keyof Pins]: Pins[Name] } = {};
  if (facts?.asksClock !== false) {
    pins.timestamp =
      before?.timestamp ??
      carried.settings.get('timestamp') ??
      timestampOf(core.context.clock.wallMs());
  }
  const asked = statement.usesLastInsertId || facts?.effects.usesLastInsertId;
  if (asked || statement.kind === 'call') {
    pins.lastInsertId = core.lastInsertId;
  }
  if (statement.usesRand) {
    const { settings } = carried;
    pins.randSeed1 = before?.randSeed1 ?? settings.get('rand_seed1') ?? seed(core);
    pins.randSeed2 = before?.randSeed2 ?? settings.get('rand_seed2') ?? seed(core);
  }
  // Zero tells a generated value from the one before; what is never generated stays zero.
  const asks = facts?.askInsertId && pins.lastInsertId === undefined;
  const leaderPins = {
    sql: renderPins({
      ...pins,
      ...(asks && { lastInsertId: '0' }),
      ...(before?.insertId !== undefined && { insertId: before.insertId }),
    }),
    stopsClock:
      pins.timestamp !== undefined && pins.timestamp !== carried.settings.get('timestamp'),
  };
  const read = variablesRead(statement, facts);
  if (read.size > 0) {
    pins.userVariables = [...read].map((name) => [name, pinnedVariable(core, name)]);
  }
  return { pins, leaderPins };
}

function pinnedVariable({ state }: SessionCore, name: string): string {
  const literal = state.carried.userVariables.get(lowerName(name)) ?? 'NULL';
  if (!isNotText(literal)) return literal;
  throw new LockstepError(
    'unsafe_statement',
    `@${name} has bytes that are no text in its character set; SET it again before a write`,
  );
}

const variablesRead = (statement: Statement, facts?: WriteFacts): ReadonlySet<string> =>
  new Set([...statement.userVariablesRead, ...(facts?.effects.userVariablesRead ?? [])]);

/**
 * On MySQL a variable that was never set has another type than one that was set to NULL, so that
 * `COALESCE(@a, 0) + 0.5` is another text. Followers can only set it; so does the leader then.
 * To be called before a connection is brought to the session's state.
 */
export function setVariablesRead(
  core: SessionCore,
  statement: Statement,
  facts?: WriteFacts,
): void {
  setUnknownVariables(core, variablesRead(statement, facts));
}

const seed = ({ context }: SessionCore): string => String(Math.floor(context.random() * seedMax));

/** Seconds since 1970 with the microseconds that the servers take. */
const timestampOf = (wallMs: number): string => (wallMs / 1000).toFixed(6);
