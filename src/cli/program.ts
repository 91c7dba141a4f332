import { Command, CommanderError, Option } from 'commander';
import { version } from '../base/version.ts';
import { CliError, describeError, exitCodes } from './cli-error.ts';
import { addApi } from './commands/api.ts';
import { addCache } from './commands/cache.ts';
import { addCompletion } from './commands/completion.ts';
import { addConfig } from './commands/config.ts';
import { addDemo } from './commands/demo.ts';
import { addDoctor } from './commands/doctor.ts';
import { addEvents } from './commands/events.ts';
import { addHashPassword } from './commands/hash-password.ts';
import { addLog } from './commands/log.ts';
import { addNodes } from './commands/nodes.ts';
import { addQueries } from './commands/queries.ts';
import { addServe } from './commands/serve.ts';
import { addSessions } from './commands/sessions.ts';
import { addStatus } from './commands/status.ts';
import { addStrategy } from './commands/strategy.ts';
import { addVerify } from './commands/verify.ts';
import type { Terminal } from './terminal.ts';

const urlDefault = 'http://127.0.0.1:8000';

/** Runs one command line (without node and script); sets the exit code, throws nothing. */
export async function runCommandLine(argv: readonly string[], terminal: Terminal): Promise<void> {
  try {
    await createProgram(terminal).parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      // commander has printed its message; help and version are no errors.
      terminal.setExitCode(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage);
      return;
    }
    const { text, exitCode } = describeError(error);
    terminal.complain(text);
    terminal.setExitCode(exitCode);
  }
}

function createProgram(terminal: Terminal): Command {
  const program = new Command('lockstep')
    .description('one MySQL server over several: reads go to one node, writes take effect on all')
    .version(version)
    .addOption(
      new Option('--url <url>', 'where the balancer serves HTTP')
        .env('LOCKSTEP_URL')
        .default(urlDefault),
    )
    .showSuggestionAfterError()
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.say(text.trimEnd()),
      writeErr: (text) => terminal.complain(text.trimEnd()),
    });
  const url = (): string => checkedUrl(program.opts<{ url: string }>().url);
  addServe(program, terminal);
  addDemo(program, terminal, url);
  addStatus(program, terminal, url);
  addNodes(program, terminal, url);
  addLog(program, terminal, url);
  addStrategy(program, terminal, url);
  addVerify(program, terminal, url);
  addConfig(program, terminal, url);
  addEvents(program, terminal, url);
  addDoctor(program, terminal, url);
  addSessions(program, terminal, url);
  addQueries(program, terminal, url);
  addCache(program, terminal, url);
  addApi(program, terminal, url);
  addCompletion(program, terminal, url);
  addHashPassword(program, terminal);
  return program;
}

function checkedUrl(text: string): string {
  if (/^https?:\/\//.test(text) && URL.canParse(text)) return text;
  throw new CliError(`--url ${text}: expected an address such as ${urlDefault}`, {
    exitCode: exitCodes.usage,
  });
}
