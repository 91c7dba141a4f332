import { createInterface } from 'node:readline/promises';
import { endOnSignal } from './end-on-signal.ts';
import { wantsColours } from './style.ts';

/** Where commands print and learn how they were called; passed in, so that tests can look. */
export interface Terminal {
  /** One text, or several lines, to standard output. */
  readonly say: (text: string) => void;
  /** To standard error. */
  readonly complain: (text: string) => void;
  /** Characters in a line. */
  readonly width: number;
  readonly setExitCode: (code: number) => void;
  readonly colours?: boolean;
  /** Puts a text in the place of the one before; absent where the output is no terminal. */
  readonly draw?: (text: string) => void;
  /** Whether somebody says yes; absent where nobody can be asked. */
  readonly ask?: (question: string) => Promise<boolean>;
  /** Resolves when nobody wants more: a signal came, or nobody reads the output any more. */
  readonly ended?: () => Promise<void>;
}

const widthDefault = 120;

/** What was drawn last, in lines; it is drawn over until something else is said. */
let drawnLines = 0;

export const processTerminal: Terminal = {
  say(text) {
    drawnLines = 0;
    process.stdout.write(`${text}\n`);
  },
  complain: (text) => void process.stderr.write(`${text}\n`),
  // A pipe gets lines as long as they are.
  get width() {
    return process.stdout.isTTY ? process.stdout.columns || widthDefault : Infinity;
  },
  setExitCode: (code) => {
    process.exitCode = code;
  },
  colours: wantsColours(process.stdout.isTTY, process.env),
  ...(process.stdout.isTTY ? { draw } : {}),
  ...(process.stdin.isTTY && process.stdout.isTTY ? { ask } : {}),
  ended: () => Promise.race([endOnSignal(() => {}), outputClosed()]),
};

/** The cursor goes to the first of the lines drawn last, and what is below is erased. */
function draw(text: string): void {
  const rows = process.stdout.rows || 24;
  // What has scrolled away cannot be drawn over.
  const lines = text.split('\n').slice(0, Math.max(1, rows - 1));
  const up = drawnLines === 0 ? '' : `\u001B[${drawnLines}A\u001B[J`;
  process.stdout.write(`${up}${lines.join('\n')}\n`);
  drawnLines = lines.length;
}

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
