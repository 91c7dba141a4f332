import { ProblemError } from '../../data/api.ts';
import type { Outcome, Rows } from './query-shapes.ts';
import { targetOf } from './query-shapes.ts';
import { runQuery } from './run-query.ts';

export interface Ran {
  readonly sql: string;
  readonly schema: string;
  /** Where the statement begins in the editor. */
  readonly offset: number;
  readonly node: string | undefined;
}

export type RunState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly ran: Ran; readonly partial: Rows | undefined }
  | { readonly kind: 'done'; readonly ran: Ran; readonly outcome: Outcome; readonly tookMs: number }
  | { readonly kind: 'failed'; readonly ran: Ran; readonly error: unknown };

export interface SideState {
  readonly sql: string;
  readonly nodes: readonly { readonly name: string; readonly state: RunState }[];
}

export interface Remembered {
  readonly sql: string;
  readonly at: number;
  readonly failed: boolean;
}

export interface ConsoleState {
  readonly run: RunState;
  readonly sides: SideState | undefined;
  readonly history: readonly Remembered[];
}

const historyKey = 'lockstep.console.history';
const draftKey = 'lockstep.console.draft';
const historyMax = 200;
const rememberedCharactersMax = 10_000;

/** What the console has run; outlives the view, so that a look elsewhere loses nothing. */
class ConsoleStore {
  #state: ConsoleState = { run: { kind: 'idle' }, sides: undefined, history: readHistory() };
  #abort = new AbortController();
  readonly #listeners = new Set<() => void>();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): ConsoleState => this.#state;

  async run(ran: Ran, options: { limit: number }): Promise<void> {
    const signal = this.#begin();
    this.#change({ run: { kind: 'running', ran, partial: undefined }, sides: undefined });
    const run = await settle(ran, {
      ...options,
      signal,
      onRows: (partial) => {
        if (!signal.aborted) this.#change({ run: { kind: 'running', ran, partial } });
      },
    });
    if (!signal.aborted) this.#change({ run });
    this.#remember(ran.sql, run.kind === 'failed');
  }

  /** The same statement on each node by itself. */
  async runOnAll(ran: Ran, options: { limit: number; nodes: readonly string[] }): Promise<void> {
    const { nodes, ...rest } = options;
    const signal = this.#begin();
    const begun = nodes.map((name) => {
      const own: Ran = { ...ran, node: name };
      return { name, state: { kind: 'running' as const, ran: own, partial: undefined } };
    });
    this.#change({ run: { kind: 'idle' }, sides: { sql: ran.sql, nodes: begun } });
    await Promise.all(
      begun.map(async ({ name }) => {
        const state = await settle({ ...ran, node: name }, { ...rest, signal });
        const { sides } = this.#state;
        if (signal.aborted || sides === undefined) return;
        const after = sides.nodes.map((one) => (one.name === name ? { name, state } : one));
        this.#change({ sides: { ...sides, nodes: after } });
      }),
    );
    const states = this.#state.sides?.nodes.map(({ state }) => state) ?? [];
    this.#remember(ran.sql, states.length > 0 && states.every(({ kind }) => kind === 'failed'));
  }

  cancel(): void {
    this.#abort.abort();
    this.#change({ run: { kind: 'idle' }, sides: undefined });
  }

  get draft(): string | undefined {
    return localStorage.getItem(draftKey) ?? undefined;
  }

  keepDraft(text: string): void {
    localStorage.setItem(draftKey, text.slice(0, 100_000));
  }

  forgetHistory(): void {
    localStorage.removeItem(historyKey);
    this.#change({ history: [] });
  }

  #begin(): AbortSignal {
    this.#abort.abort();
    this.#abort = new AbortController();
    return this.#abort.signal;
  }

  #remember(sql: string, failed: boolean): void {
    if (sql.length > rememberedCharactersMax) return;
    const others = this.#state.history.filter((one) => one.sql !== sql);
    const history = [{ sql, at: Date.now(), failed }, ...others].slice(0, historyMax);
    this.#change({ history });
    localStorage.setItem(historyKey, JSON.stringify(history));
  }

  #change(part: Partial<ConsoleState>): void {
    this.#state = { ...this.#state, ...part };
    for (const listener of this.#listeners) listener();
  }
}

interface SettleOptions {
  readonly limit: number;
  readonly signal: AbortSignal;
  readonly onRows?: (partial: Rows) => void;
}

async function settle(ran: Ran, options: SettleOptions): Promise<RunState> {
  const begunMs = performance.now();
  try {
    const { sql, schema, node } = ran;
    const outcome = await runQuery({ ...options, sql, schema, target: targetOf(node) });
    return { kind: 'done', ran, outcome, tookMs: performance.now() - begunMs };
  } catch (error) {
    return { kind: 'failed', ran, error };
  }
}

function readHistory(): readonly Remembered[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(historyKey) ?? '[]');
    return Array.isArray(kept) ? (kept as Remembered[]) : [];
  } catch {
    return [];
  }
}

/** Where in the editor a server found fault, if it said so. */
export function faultPlace({ run, sides }: ConsoleState): number | undefined {
  for (const state of [run, ...(sides?.nodes ?? []).map((node) => node.state)]) {
    if (state.kind !== 'failed' || !(state.error instanceof ProblemError)) continue;
    const { position } = state.error.problem;
    if (position !== undefined) return state.ran.offset + position;
  }
  return undefined;
}

export const consoleStore = new ConsoleStore();
