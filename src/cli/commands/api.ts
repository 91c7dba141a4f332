import type { Command } from 'commander';
import { nearestName } from '../../config/nearest-name.ts';
import type { Operation } from '../../http/operation.ts';
import { type ApiCall, openApi } from '../call-api.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { callOf, parametersOf, propertiesOf } from '../operation-call.ts';
import { table } from '../table.ts';
import type { Terminal } from '../terminal.ts';

export function addApi(program: Command, terminal: Terminal, url: () => string): void {
  program
    .command('api [operation] [parameters...]')
    .description('any operation of the HTTP API: api drainNode --name mysql2; none: list them')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (name: string | undefined, words: readonly string[]) => {
      const { allOperations } = await import('../all-operations.ts');
      if (name === undefined || name === '--help') return list(allOperations, terminal);
      const operation = named(name, allOperations);
      if (words.includes('--help')) return describe(operation, terminal);
      await run(url(), callOf(operation, parametersOf(words)), terminal);
    });
}

function named(name: string, all: readonly Operation[]): Operation {
  const found = all.find((one) => one.name === name);
  if (found) return found;
  const near = nearestName(
    name,
    all.map((one) => one.name),
  );
  throw new CliError(`there is no operation ${name}${near ? ` (did you mean ${near}?)` : ''}`, {
    remedy: '`lockstep api` lists them.',
    exitCode: exitCodes.usage,
  });
}

function list(all: readonly Operation[], terminal: Terminal): void {
  const columns = [
    { head: 'operation' },
    { head: '', drops: 2 },
    { head: 'path', drops: 1 },
    { head: 'what it does', shrinks: true },
  ];
  const rows = all.map((one) => [one.name, one.method, one.path, one.summary]);
  terminal.say(table(columns, rows, terminal.width));
}

function describe(operation: Operation, terminal: Terminal): void {
  const { name, method, path, summary } = operation;
  terminal.say(`${name}: ${summary}\n${method} ${path}`);
  const properties = propertiesOf(operation);
  if (properties.length === 0) return;
  const rows = properties.map(({ name: parameter, schema, required }) => {
    const { description = '', type } = schema as { description?: string; type?: unknown };
    const kind = typeof type === 'string' ? type : 'JSON';
    return [`--${parameter}`, required ? `${kind}, required` : kind, description];
  });
  const columns = [{ head: 'parameter' }, { head: 'value' }, { head: '', shrinks: true }];
  terminal.say(`\n${table(columns, rows, terminal.width)}`);
}

/** JSON is printed for people; what streams is printed as it comes, until ctrl-C. */
async function run(url: string, call: ApiCall, terminal: Terminal): Promise<void> {
  const stop = new AbortController();
  const response = await openApi(url, call, stop.signal);
  const contentType = response.headers.get('content-type') ?? '';
  if (/event-stream|ndjson/.test(contentType) && response.body) {
    const ended = terminal.ended?.() ?? new Promise<void>(() => {});
    void ended.then(() => stop.abort());
    await sayStream(response.body, terminal).catch((error: unknown) => {
      if (!stop.signal.aborted) throw error;
    });
    return;
  }
  const text = await response.text();
  if (text === '') return;
  const isJson = contentType.includes('json');
  terminal.say(isJson ? JSON.stringify(JSON.parse(text), null, 2) : text.trimEnd());
}

async function sayStream(body: NonNullable<Response['body']>, terminal: Terminal): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) terminal.say(line);
  }
}
