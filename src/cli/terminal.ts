/** Where commands print and learn how they were called; passed in, so that tests can look. */
export interface Terminal {
  /** One text, or several lines, to standard output. */
  readonly say: (text: string) => void;
  /** To standard error. */
  readonly complain: (text: string) => void;
  /** Characters in a line. */
  readonly width: number;
  readonly setExitCode: (code: number) => void;
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
};
