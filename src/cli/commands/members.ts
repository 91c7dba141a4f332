import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { NodeStatus } from '../../http/balancer-control.ts';
import { callApi } from '../call-api.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { followNode } from '../follow-node.ts';
import { fitText } from '../table.ts';
import type { Terminal } from '../terminal.ts';

interface NewServer {
  readonly passwordFile?: string;
  readonly passwordEnv?: string;
  readonly resync: boolean;
}
interface Force {
  readonly force: boolean;
}

/** Open transactions end first. */
const deadlineMs = 10 * 60_000;
/** What a server holds may have to be compared, as much as it is. */
const joinDeadlineMs = 24 * 60 * 60_000;
const form = 'mysql://user:password@host:port/schema?weight=1';
const forceText = 'do not wait for transactions and reads to end';

/** `nodes add`, `remove` and `replace`: who the nodes are, while everything runs. */
export function addMembers(nodes: Command, terminal: Terminal, url: () => string): void {
  const join = async (call: Parameters<typeof callApi>[1], name: string): Promise<void> => {
    terminal.draw?.(fitText(`${name}: looking at what the server holds …`, terminal.width));
    const begun = await callApi<NodeStatus>(url(), { ...call, deadlineMs: joinDeadlineMs });
    const { state, reason } = await followNode(url(), begun, terminal);
    if (state !== 'UP') throw new CliError(`${name} is a node now, but not in sync: ${reason}`);
  };
  withServer(nodes.command('add <name=url>'))
    .description(`take a server in and make it equal: mysql4=${form}`)
    .action(async (text: string, options: NewServer) => {
      const { name, address } = named(text);
      await join({ method: 'POST', path: '/nodes', body: serverOf(address, options, name) }, name);
    });
  withServer(nodes.command('replace <name> <url>'))
    .description("let another server take a node's place")
    .option('--force', forceText, false)
    .action(async (name: string, address: string, options: NewServer & Force) => {
      const body = { ...serverOf(address, options), force: options.force };
      await join({ method: 'PUT', path: `/nodes/${encodeURIComponent(name)}`, body }, name);
    });
  nodes
    .command('remove <name>')
    .description('let a node go, once its transactions and reads have ended')
    .option('--force', `${forceText}; needed when the node is DOWN`, false)
    .action(async (name: string, { force }: Force) => {
      const path = `/nodes/${encodeURIComponent(name)}?force=${force}`;
      const left = await callApi<NodeStatus[]>(url(), { method: 'DELETE', path, deadlineMs });
      terminal.say(`${name} is no node any more; ${left.length} are left`);
    });
}

/** A password in an argument is seen by everybody who can list processes. */
function withServer(command: Command): Command {
  return command
    .option('--password-file <file>', 'the password, instead of one in the address')
    .addOption(
      new Option(
        '--password-env <variable>',
        'the environment variable that holds the password',
      ).conflicts('passwordFile'),
    )
    .option('--resync', 'replace what the server holds: it is lost', false);
}

function named(text: string): { name: string; address: string } {
  const equals = text.indexOf('=');
  const scheme = text.indexOf('://');
  if (equals > 0 && equals < scheme) {
    return { name: text.slice(0, equals), address: text.slice(equals + 1) };
  }
  // The text may hold a password: it is not repeated.
  throw new CliError(`expected a name before the address: mysql4=${form}`, {
    exitCode: exitCodes.usage,
  });
}

function serverOf(url: string, { passwordFile, passwordEnv, resync }: NewServer, name?: string) {
  const password = passwordOf(passwordFile, passwordEnv);
  return {
    ...(name === undefined ? {} : { name }),
    url,
    ...(password === undefined ? {} : { password }),
    resync,
  };
}

function passwordOf(file: string | undefined, variable: string | undefined): string | undefined {
  if (file !== undefined) {
    try {
      // Editors and `echo` end a file with a newline that is not part of the password.
      return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    } catch (cause) {
      const reason = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
      const exitCode = exitCodes.usage;
      throw new CliError(`cannot read the password from ${file} (${reason})`, { exitCode, cause });
    }
  }
  if (variable === undefined) return undefined;
  const password = process.env[variable];
  if (password !== undefined) return password;
  throw new CliError(`the environment variable ${variable} is not set`, {
    exitCode: exitCodes.usage,
  });
}
