import type { Argument, Command, Option } from 'commander';
import { commonSettings } from '../config/placed-settings.ts';
import { changesAtRunTime } from '../config/run-time-paths.ts';
import { strategyNames } from '../config/strategy-name.ts';
import type { Operation } from '../http/operation.ts';
import { shellNames } from './completion-script.ts';
import { propertiesOf } from './operation-call.ts';

/** What may stand next, for a shell to offer. */
export interface Candidate {
  readonly text: string;
  readonly description: string;
}

export interface CompletionSources {
  /** Of the running balancer; none when there is none. */
  readonly nodeNames: () => Promise<readonly string[]>;
  readonly operations: () => Promise<readonly Operation[]>;
}

/** Where in the program's commands the words have led. */
interface Place {
  readonly command: Command;
  /** Words so far that are no command and no option. */
  readonly given: readonly string[];
  /** The option whose value comes next. */
  readonly option: Option | undefined;
}

/** The words of a command line behind the program's name; the last is what is being written. */
export async function complete(
  program: Command,
  words: readonly string[],
  sources: CompletionSources,
): Promise<Candidate[]> {
  const current = words.at(-1) ?? '';
  const place = follow(program, words.slice(0, -1));
  const candidates = await candidatesAt(place, current, sources);
  return candidates.filter(({ text }) => text.startsWith(current));
}

function follow(program: Command, words: readonly string[]): Place {
  let command = program;
  const given: string[] = [];
  let option: Option | undefined;
  for (const word of words) {
    if (option !== undefined) {
      option = undefined;
      continue;
    }
    if (word.startsWith('-')) {
      const found = optionsOf(command).find(({ long, short }) => long === word || short === word);
      option = found !== undefined && found.required ? found : undefined;
      continue;
    }
    const inner =
      given.length === 0 ? command.commands.find((one) => one.name() === word) : undefined;
    if (inner === undefined) given.push(word);
    else command = inner;
  }
  return { command, given, option };
}

/** Those of a command and of all that it is part of. */
function optionsOf(command: Command): readonly Option[] {
  return command.parent ? [...command.options, ...optionsOf(command.parent)] : command.options;
}

async function candidatesAt(
  { command, given, option }: Place,
  current: string,
  sources: CompletionSources,
): Promise<Candidate[]> {
  if (option !== undefined) {
    if (option.long === '--source' || option.long === '--node') return nodes(sources);
    return (option.argChoices ?? []).map((text) => ({ text, description: '' }));
  }
  const operation = command.name() === 'api' ? await operationNamed(given[0], sources) : undefined;
  if (operation !== undefined) return parameters(operation, current, sources);
  if (current.startsWith('-')) {
    return optionsOf(command).flatMap(({ long, description }) =>
      long === undefined || long === null ? [] : { text: long, description },
    );
  }
  const inner = given.length === 0 ? command.commands : [];
  const commands = inner
    .filter((one) => !hiddenNames.has(one.name()))
    .map((one) => ({ text: one.name(), description: one.description() }));
  return [...commands, ...(await argument(command, given.length, sources))];
}

export const hiddenNames: ReadonlySet<string> = new Set(['complete']);

function argument(
  command: Command,
  index: number,
  sources: CompletionSources,
): Promise<Candidate[]> {
  const known: readonly Argument[] = command.registeredArguments;
  const last = known.at(-1);
  const name = (known[index] ?? (last?.variadic ? last : undefined))?.name();
  return argumentValues(name, command, sources);
}

async function argumentValues(
  name: string | undefined,
  command: Command,
  sources: CompletionSources,
): Promise<Candidate[]> {
  const around = command.parent?.name() ?? '';
  if (name === 'node') return nodes(sources);
  if (name === 'name' && around === 'nodes') return nodes(sources);
  if (name === 'name') return strategyNames.map((text) => ({ text, description: '' }));
  if (name === 'operation') {
    return (await sources.operations()).map(({ name: text, summary }) => ({
      text,
      description: summary,
    }));
  }
  if (name === 'path=value' || name === 'path') return paths(name === 'path=value', sources);
  if (name === 'shell') return shellNames.map((text) => ({ text, description: '' }));
  return [];
}

async function nodes({ nodeNames }: CompletionSources): Promise<Candidate[]> {
  return (await nodeNames()).map((text) => ({ text, description: 'node' }));
}

async function paths(isSet: boolean, { nodeNames }: CompletionSources): Promise<Candidate[]> {
  const end = isSet ? '=' : '';
  const common = commonSettings
    .filter(({ path }) => !isSet || changesAtRunTime(path))
    .map(({ path, member }) => ({ text: `${path}${end}`, description: member.description }));
  const weights = (await nodeNames()).map((name) => {
    return { text: `nodes.${name}.weight${end}`, description: 'Share of the reads.' };
  });
  return [...common, ...weights];
}

const operationNamed = async (name: string | undefined, { operations }: CompletionSources) =>
  name === undefined ? undefined : (await operations()).find((one) => one.name === name);

async function parameters(
  operation: Operation,
  current: string,
  sources: CompletionSources,
): Promise<Candidate[]> {
  if (!current.startsWith('-')) return nodes(sources);
  return propertiesOf(operation).map(({ name, schema }) => {
    const { description = '' } = schema as { readonly description?: string };
    return { text: `--${name}`, description };
  });
}
