import assert from 'node:assert/strict';
import { isUtf8 } from 'node:buffer';
import type { RowDataPacket } from 'mysql2/promise';
import type { EngineName } from '../../../src/demo/engine.ts';
import { connectTo } from '../cluster.ts';
import { type RawCommand, RandomCommands } from './random-commands.ts';
import { RawSession } from './raw-session.ts';

interface Ports {
  readonly direct: number;
  readonly through: number;
}

export interface Commands {
  readonly seed: number;
  readonly count: number;
}

const optionBytes = 3;
const commandsBetween = 25;

/**
 * Sends the same to a server and to Lockstep, and asserts that both answer with the same packets,
 * and that a session beside them has what it had.
 */
export async function compareCommands(
  engine: EngineName,
  ports: Ports,
  { seed, count }: Commands,
): Promise<void> {
  const commands = new RandomCommands(seed);
  await using direct = new RawSession(ports.direct);
  await using through = new RawSession(ports.through);
  const beside = await connectTo({ port: ports.through }, { database: 'app' });
  await beside.query('SET @mine = 0, lc_time_names = "de_DE"');
  await beside.query('DELETE FROM beside');
  for (let at = 0; at < count; at += 1) {
    const command = commands.next();
    const [expected = [], told = []] = await Promise.all(
      [direct, through].map(async (one) => comparable(engine, command, await one.send(command))),
    );
    const bytes = command.payload([1, 2, 3]).toString('hex');
    const where = `seed ${seed}, ${at}: ${command.name} ${bytes}`;
    assert.deepEqual(told, expected, where);
    if (at % commandsBetween !== 0) continue;
    await beside.query('SET @mine = @mine + 1');
    await beside.query('INSERT INTO beside VALUES (@mine)');
    const [[row]] = await beside.query<RowDataPacket[]>(
      'SELECT @mine AS mine, @@lc_time_names AS names, COUNT(*) AS n FROM beside',
    );
    const mine = at / commandsBetween + 1;
    assert.deepEqual({ ...row }, { mine, names: 'de_DE', n: mine }, where);
  }
  await beside.end();
}

const anyError = (one: string): string => (one.startsWith('error') ? 'error' : one);

/** Without what is known to differ: see docs/COMPATIBILITY.md. */
function comparable(
  engine: EngineName,
  { name, payload }: RawCommand,
  told: readonly string[],
): readonly string[] {
  switch (name) {
    case 'PROCESS_KILL':
      return engine === 'mysql' ? [] : told;
    case 'PROCESS_INFO':
      // One's own sessions, of which Lockstep has others.
      return told.slice(0, told.indexOf('eof') + 1);
    case 'REFRESH':
      // Which of several errors is told.
      return told.map(anyError);
    case 'QUERY':
    case 'STMT_PREPARE':
      // Which of several errors is told of a name that is no text.
      return isUtf8(payload([])) ? told : told.map(anyError);
    case 'CHANGE_USER':
      // MariaDB sends a greeting then, and begins anew.
      return engine === 'mariadb' && payload([]).length === 1 ? [] : told;
    case 'SET_OPTION':
      // MariaDB reads on in what is behind it in its memory.
      return engine === 'mariadb' && payload([]).length < optionBytes ? [] : told;
    default:
      return told;
  }
}
