import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import type { Config } from './config.ts';
import { defaultConfig } from './config.ts';
import { ConfigReader } from './config-reader.ts';
import { configSchema } from './config-schema.ts';
import { crossChecks } from './cross-checks.ts';
import { parseNodeText } from './node-url.ts';
import { configError } from './problem.ts';

export interface LoadConfigOptions {
  /** For `password_file`; the whole text of a file. */
  readonly readFile?: (path: string) => string;
  /** For `password_env`; the process's environment unless given. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A configuration, and the paths that its text has a value for. */
export interface ReadConfig {
  readonly config: Config;
  readonly written: readonly string[];
}

/** As `readConfig`, without what was written. */
export function loadConfig(
  text: string,
  fileName: string,
  options: LoadConfigOptions = {},
): Config {
  return readConfig(text, fileName, options).config;
}

/**
 * Reads the text of a YAML configuration. `fileName` stands in the messages, and relative paths
 * in the text are relative to its folder. Throws one LockstepError('config_invalid') whose
 * message has a line `file:line:column: what is wrong` for every problem there is.
 */
export function readConfig(
  text: string,
  fileName: string,
  options: LoadConfigOptions = {},
): ReadConfig {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const reader = new ConfigReader({
    document,
    fileName,
    readFile: options.readFile ?? ((path) => readFileSync(path, 'utf8')),
    env: options.env ?? process.env,
  });
  for (const error of [...document.errors, ...document.warnings]) {
    reader.addProblem(error.pos[0], error.message);
  }
  // What a broken text seems to say is not worth remarking on.
  if (document.errors.length === 0) {
    const config = reader.readGroup(configSchema, document.contents, '', 0) as Config;
    for (const { path, message } of crossChecks(config)) {
      reader.addProblem(reader.offsetOf(path), message);
    }
    if (reader.problems.length === 0) return { config, written: [...reader.writtenPaths] };
  }
  const lines = reader.problems
    .toSorted((a, b) => a.offset - b.offset)
    .map(({ offset, message }) => {
      const { line, col } = lineCounter.linePos(offset);
      return `${fileName}:${line}:${col}: ${message}`;
    });
  throw configError(lines);
}

/**
 * The configuration of `serve --node … --node …` without a file. Throws
 * LockstepError('config_invalid') naming every problem.
 */
export function configFromNodes(nodeTexts: readonly string[]): Config {
  const parsed = nodeTexts.map(parseNodeText);
  const config: Config = {
    ...defaultConfig,
    nodes: parsed.flatMap(({ node }) => (node === undefined ? [] : [node])),
  };
  const problems = parsed.flatMap((one, index) =>
    one.problems.map((problem) => `--node ${index + 1}: ${problem}`),
  );
  if (nodeTexts.length === 0) problems.push('no node is given; --node is needed at least once');
  if (problems.length === 0) problems.push(...crossChecks(config).map(({ message }) => message));
  if (problems.length > 0) throw configError(problems);
  return config;
}
