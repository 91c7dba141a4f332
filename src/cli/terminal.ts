import { createInterface } from 'node:readline/promises';
import { endOnSignal } from './end-on-signal.ts';

/** Where commands print and learn how they were called; passed in, so that tests can look. */
export interface Terminal {
  /** One text, or several lines, to standard output. */
  readonly say: (text: string) => void;
  /** To standard error. */
  readonly complain: (text: string) => void;
  /** Characters in a line. */
  readonly width: number;
  readonly setExitCode: (code: number) => void;
  /** Whether somebody says yes; absent where nobody can be asked. */
  readonly ask?: (question: string) => Promise<boolean>;
  /** Resolves when nobody wants more: a signal came, or nobody reads the output any more. */
  readonly ended?: () => Promise<void>;
}

const widthDefault = 120;

export const processTerminal: Terminal = {
  say: (text) => void process.stdout.write(`${text}\n`),
  complain: (text) => void process.stderr.write(`${text}\n`),
  // A pipe gets lines as long as they are.
  width: process.stdout.isTTY ? (process.stdout.columns ?? widthDefault) : Infinity,
  setExitCode: (code) => {
    process.exitCode = code;
  },
  ...(process.stdin.isTTY && process.stdout.isTTY ? { ask } : {}),
  ended: () => Promise.race([endOnSignal(() => {}), outputClosed()]),
};

function outputClosed(): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.once('error', () => resolve());
  });
}

async function ask(question: string): Promise<boolean> {
  const reader = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(?:es)?$/i.test((await reader.question(`${question} [y/N] `)).trim());
  } finally {
    reader.close();
  }
}
