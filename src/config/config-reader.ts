import { dirname, isAbsolute, join } from 'node:path';
import type { Document, Node } from 'yaml';
import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import { defaultsOf } from './config.ts';
import { nearestName } from './nearest-name.ts';
import { parseNodeText } from './node-url.ts';
import { expected, type Problem } from './problem.ts';
import { readValue, type Scalar } from './read-value.ts';
import type { Group, List, ListOrWord, Member, Setting } from './setting.ts';
import { keyOf, keysOf } from './setting.ts';

export interface ConfigReaderOptions {
  readonly document: Document;
  /** Of the configuration file: relative paths in it are relative to its folder. */
  readonly fileName: string;
  /** Whole text of a file; throws as `readFileSync` does. */
  readonly readFile: (path: string) => string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

type Pairs = Map<string, { readonly keyOffset: number; readonly value: Node | null }>;

/** Follows the schema through a parsed file and collects all that is wrong with it. */
export class ConfigReader {
  readonly #options: ConfigReaderOptions;
  readonly #problems: Problem[] = [];
  /** Where each path stands in the text, for checks that look at several values. */
  readonly #offsets = new Map<string, number>();

  constructor(options: ConfigReaderOptions) {
    this.#options = options;
  }

  get problems(): readonly Problem[] {
    return this.#problems;
  }

  /** Every path that the text gives a value for, and those of what is around them. */
  get writtenPaths(): Iterable<string> {
    return this.#offsets.keys();
  }

  /** The offset of a path such as `nodes[1].name`, or of the nearest written path around it. */
  offsetOf(path: string): number {
    let around = path;
    while (around !== '') {
      const offset = this.#offsets.get(around);
      if (offset !== undefined) return offset;
      around = around.replace(/(?:^|\.)[^.[\]]*$|\[\d+\]$/, '');
    }
    return 0;
  }

  addProblem(offset: number, message: string): void {
    this.#problems.push({ offset, message });
  }

  /** The values of a group, also when it is absent (`written` null): then its defaults. */
  readGroup(
    group: Group,
    written: Node | null,
    path: string,
    offset: number,
  ): Record<string, unknown> {
    const pairs = this.#pairs(written, path, offset);
    if (pairs === undefined) return defaultsOf(group.members);
    const values: Record<string, unknown> = {};
    this.#refuseUnknownKeys(pairs, keysOf(group.members), path);
    for (const [name, member] of Object.entries(group.members)) {
      const value = this.#readMember(member, { pairs, key: keyOf(name), path, offset });
      if (value !== undefined) values[name] = value;
    }
    return values;
  }

  #readMember(member: Member, at: { pairs: Pairs; key: string; path: string; offset: number }) {
    const pair = at.pairs.get(at.key);
    const path = at.path === '' ? at.key : `${at.path}.${at.key}`;
    const offset = pair?.keyOffset ?? at.offset;
    if (pair !== undefined) this.#offsets.set(path, startOf(pair.value) ?? offset);
    if (member.kind === 'group') return this.readGroup(member, pair?.value ?? null, path, offset);
    if (member.kind === 'list') return this.#readList(member, pair?.value ?? null, path, offset);
    const form = member.form;
    if (form.kind === 'secret') return this.#readSecret(member, at.pairs, at.key, path, offset);
    if (pair === undefined) return this.#absent(member, path, offset);
    const text = this.#readScalar(member, pair.value, path, offset);
    return form.kind === 'path' && typeof text === 'string' ? this.#besideFile(text) : text;
  }

  #readList(
    list: List | ListOrWord,
    written: Node | null,
    path: string,
    offset: number,
  ): unknown[] | string {
    const node = this.#resolve(written);
    const own = 'word' in list ? list.word : undefined;
    if (own !== undefined && isScalar(node) && node.value === own) return own;
    const items = isSeq(node) ? (node.items as (Node | null)[]) : [];
    const itemForms = list.shorthand === undefined ? 'a mapping' : `a mapping or ${list.shorthand}`;
    if (!isSeq(node) && !isEmpty(node)) {
      const word = own === undefined ? '' : `"${own}" or `;
      const right = `${word}a sequence, each item ("- …") ${itemForms}`;
      this.addProblem(startOf(node) ?? offset, expected(path, 'is not a sequence', right));
      return [];
    }
    if (items.length < list.itemsMin || items.length > list.itemsMax) {
      const right = `${list.itemsMin} to ${list.itemsMax}`;
      this.addProblem(offset, expected(path, `has ${items.length} items`, right));
    }
    return items.map((item, index) => {
      const itemPath = `${path}[${index}]`;
      const itemOffset = startOf(item) ?? offset;
      this.#offsets.set(itemPath, itemOffset);
      const resolved = this.#resolve(item);
      if (list.shorthand !== undefined && isScalar(resolved) && typeof resolved.value === 'string')
        return this.#readNodeText(list, resolved.value, itemPath, itemOffset);
      if (isMap(resolved)) return this.readGroup(list.item, item, itemPath, itemOffset);
      this.addProblem(itemOffset, expected(itemPath, 'is not a mapping', itemForms));
      return {};
    });
  }

  #readNodeText(list: List, text: string, path: string, offset: number): object {
    const parsed = parseNodeText(text);
    for (const problem of parsed.problems) this.addProblem(offset, `${path}: ${problem}`);
    const entries = Object.entries(parsed.node ?? {}).map(([name, value]) =>
      typeof value === 'string' && isPath(list, name)
        ? [name, this.#besideFile(value)]
        : [name, value],
    );
    return Object.fromEntries(entries) as object;
  }

  #readScalar(setting: Setting<unknown>, written: Node | null, path: string, offset: number) {
    const node = this.#resolve(written);
    const at = startOf(written) ?? offset;
    const scalar = scalarOf(node);
    const read =
      scalar === undefined
        ? readValue(setting.form, { value: {}, source: isMap(node) ? '{…}' : '[…]' })
        : readValue(setting.form, scalar);
    if (read.kind === 'value') return read.value;
    this.addProblem(at, expected(path, read.wrong, read.right));
    return undefined;
  }

  /** A secret stands in the file itself, in a file of its own, or in the environment. */
  #readSecret(
    setting: Setting<unknown>,
    pairs: Pairs,
    key: string,
    path: string,
    offset: number,
  ): unknown {
    const given = [key, `${key}_file`, `${key}_env`].filter((name) => pairs.has(name));
    const [first, second] = given;
    if (first === undefined) return this.#absent(setting, path, offset);
    const pair = pairs.get(first);
    const pairOffset = pair?.keyOffset ?? offset;
    if (second !== undefined) {
      const at = pairs.get(second)?.keyOffset ?? offset;
      this.addProblem(at, expected(path, `${given.join(' and ')} are both given`, 'one of them'));
      return undefined;
    }
    const value = this.#readScalar(setting, pair?.value ?? null, path, pairOffset);
    if (typeof value !== 'string' || first === key) return value;
    const at = startOf(pair?.value ?? null) ?? pairOffset;
    return first.endsWith('_file')
      ? this.#secretFromFile(value, `${path}_file`, at)
      : this.#secretFromEnv(value, `${path}_env`, at);
  }

  #secretFromFile(written: string, path: string, offset: number): string | undefined {
    const file = this.#besideFile(written);
    try {
      // Editors and `echo` end a file with a newline that is not part of the password.
      return this.#options.readFile(file).replace(/\r?\n$/, '');
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.addProblem(offset, expected(path, `cannot read ${file} (${reason})`, 'a text file'));
      return undefined;
    }
  }

  #secretFromEnv(variable: string, path: string, offset: number): string | undefined {
    const value = this.#options.env[variable];
    if (value === undefined) {
      const wrong = `the environment variable ${variable} is not set`;
      this.addProblem(offset, expected(path, wrong, 'the name of one that is'));
    }
    return value;
  }

  #absent(setting: Setting<unknown>, path: string, offset: number): unknown {
    if (setting.presence === 'required') this.addProblem(offset, `${path}: is required`);
    return setting.defaultValue;
  }

  #refuseUnknownKeys(pairs: Pairs, allowed: readonly string[], path: string): void {
    for (const [key, pair] of pairs) {
      if (allowed.includes(key)) continue;
      const near = nearestName(key, allowed);
      const hint = near === undefined ? '' : ` (did you mean "${near}"?)`;
      const where = path === '' ? '' : ` in ${path}`;
      this.addProblem(
        pair.keyOffset,
        `unknown key "${key}"${where}${hint}; allowed: ${allowed.join(', ')}`,
      );
    }
  }

  /** The pairs of a mapping by key; undefined, with a problem noted, when it is something else. */
  #pairs(written: Node | null, path: string, offset: number): Pairs | undefined {
    const node = this.#resolve(written);
    const pairs: Pairs = new Map();
    if (isEmpty(node)) return pairs;
    if (!isMap(node)) {
      const at = startOf(written) ?? offset;
      const name = path === '' ? 'the configuration' : path;
      this.addProblem(at, expected(name, 'is not a mapping', 'lines of the form "key: value"'));
      return undefined;
    }
    for (const pair of node.items) {
      const key = pair.key as Node;
      const name = scalarOf(this.#resolve(key))?.source ?? '(complex key)';
      pairs.set(name, {
        keyOffset: startOf(key) ?? offset,
        value: pair.value as Node | null,
      });
    }
    return pairs;
  }

  #resolve(node: Node | null): Node | null {
    if (!isAlias(node)) return node;
    return node.resolve(this.#options.document) ?? null;
  }

  #besideFile(path: string): string {
    return isAbsolute(path) ? path : join(dirname(this.#options.fileName), path);
  }
}

function isPath({ item }: List, name: string): boolean {
  const member = item.members[name];
  return member?.kind === 'setting' && member.form.kind === 'path';
}

function startOf(node: Node | null): number | undefined {
  return node?.range?.[0];
}

function isEmpty(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function scalarOf(node: Node | null): Scalar | undefined {
  if (node === null) return { value: null, source: '' };
  if (!isScalar(node)) return undefined;
  const { value } = node;
  return { value, source: typeof value === 'string' ? value : (node.source ?? String(value)) };
}
