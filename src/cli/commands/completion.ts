import { Argument, type Command } from 'commander';
import type { NodeStatus } from '../../http/balancer-control.ts';
import { callApi } from '../call-api.ts';
import { completionScript, type ShellName, shellNames } from '../completion-script.ts';
import { printable } from '../table.ts';
import type { Terminal } from '../terminal.ts';

/** Somebody waits with a finger on the key; a machine under load needs more than a moment. */
const deadlineMs = 2_000;

export function addCompletion(program: Command, terminal: Terminal, url: () => string): void {
  program
    .command('completion')
    .description('what a shell needs to complete commands: eval "$(lockstep completion bash)"')
    .addArgument(new Argument('<shell>').choices([...shellNames]))
    .action((shell: ShellName) => terminal.say(completionScript(shell)));
  program
    .command('complete [words...]', { hidden: true })
    .description('what may come next, a line each, for the scripts of `completion`')
    .action(async (words: readonly string[]) => {
      const { complete } = await import('../complete.ts');
      const candidates = await complete(program, words, {
        nodeNames: () => nodeNames(urlIn(words) ?? url()),
        operations: async () => (await import('../all-operations.ts')).allOperations,
      });
      if (candidates.length === 0) return;
      const lines = candidates.map(({ text, description }) => `${text}\t${printable(description)}`);
      terminal.say(lines.join('\n'));
    });
}

/** The line that is being written may say which balancer it is for. */
function urlIn(words: readonly string[]): string | undefined {
  const flag = words.indexOf('--url');
  const text = flag < 0 ? undefined : words[flag + 1];
  return text !== undefined && URL.canParse(text) ? text : undefined;
}

async function nodeNames(url: string): Promise<readonly string[]> {
  try {
    const nodes = await callApi<NodeStatus[]>(url, { method: 'GET', path: '/nodes', deadlineMs });
    return nodes.map(({ name }) => name);
  } catch {
    return [];
  }
}
