import { systemClock } from '../../src/base/clock.ts';
import { runCommandLine } from '../../src/cli/program.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { startHttpServer } from '../../src/http/server.ts';
import { afterEach, beforeEach } from 'vitest';
import { MemoryControl } from './memory-control.ts';

export interface Ran {
  /** What went to standard output, and to standard error. */
  readonly said: string;
  readonly complained: string;
  readonly exitCode: number;
}

/** `lockstep` in this process, against a control in memory that is served over HTTP. */
export interface CommandLine extends AsyncDisposable {
  readonly url: string;
  run(words: readonly string[], terminal?: Partial<Terminal>): Promise<Ran>;
}

export async function openCommandLine(control: MemoryControl): Promise<CommandLine> {
  const server = await startHttpServer({
    control,
    host: '127.0.0.1',
    port: 0,
    clock: systemClock,
  });
  return {
    url: server.url,
    run: (words, terminal) => runLockstep(['--url', server.url, ...words], terminal),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** One anew for each test of the file; what it returns is that of the test that runs. */
export function commandLineForEach() {
  let current: { readonly control: MemoryControl; readonly line: CommandLine };
  beforeEach(async () => {
    const control = new MemoryControl();
    current = { control, line: await openCommandLine(control) };
  });
  afterEach(() => current.line[Symbol.asyncDispose]());
  return {
    get control() {
      return current.control;
    },
    get line() {
      return current.line;
    },
  };
}

export async function runLockstep(
  words: readonly string[],
  terminal: Partial<Terminal> = {},
): Promise<Ran> {
  const said: string[] = [];
  const complained: string[] = [];
  let exitCode = 0;
  await runCommandLine(words, {
    say: (text) => void said.push(text),
    complain: (text) => void complained.push(text),
    width: 120,
    setExitCode: (code) => {
      exitCode = code;
    },
    ...terminal,
  });
  return { said: said.join('\n'), complained: complained.join('\n'), exitCode };
}
