import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface TerminalRun {
  /** All that was written, escape sequences included. */
  readonly output: string;
  readonly exitCode: number;
}

export interface TerminalOptions {
  readonly columns: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** What is typed, each once the text before it has been seen. */
  readonly typed?: readonly (readonly [seen: string, keys: string])[];
}

/** Python's pty, so that no native package is needed. */
const driver = `
import fcntl, json, os, pty, select, struct, sys, termios, time
task = json.loads(sys.argv[1])
pid, fd = pty.fork()
if pid == 0:
    os.environ.update(task["env"])
    time.sleep(0.05)
    os.execvp(task["command"][0], task["command"])
size = struct.pack("HHHH", task["rows"], task["columns"], 0, 0)
fcntl.ioctl(fd, termios.TIOCSWINSZ, size)
seen, typed, start, deadline = b"", task["typed"], 0, time.time() + task["seconds"]
while time.time() < deadline:
    ready, _, _ = select.select([fd], [], [], 0.1)
    if ready:
        try:
            chunk = os.read(fd, 65536)
        except OSError:
            break
        if not chunk:
            break
        seen += chunk
    if typed and typed[0][0].encode() in seen[start:]:
        start = len(seen)
        os.write(fd, typed[0][1].encode())
        typed = typed[1:]
else:
    os.kill(pid, 9)
_, status = os.waitpid(pid, 0)
sys.stdout.write(json.dumps({
    "output": seen.decode("utf-8", "replace"),
    "exitCode": os.waitstatus_to_exitcode(status),
}))
`;

const secondsMax = 60;

/** Whether the shell would find a program of this name. */
export const isInstalled = (name: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));

/** Why there is no pseudo-terminal here; undefined when there is one. */
export const noTerminal = (): string | undefined =>
  isInstalled('python3') ? undefined : 'python3 is not installed';

/** Runs a program on a terminal of this size, types what is to be typed, and tells what it saw. */
export function runOnTerminal(
  command: readonly string[],
  { columns, rows = 24, env = {}, typed = [] }: TerminalOptions,
): Promise<TerminalRun> {
  const task = {
    command,
    columns,
    rows,
    typed,
    seconds: secondsMax,
    env: { TERM: 'xterm', ...env },
  };
  const child = spawn('python3', ['-c', driver, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: withoutColourWords(process.env),
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      if (text === '') reject(new Error('the pseudo-terminal told nothing'));
      else resolve(JSON.parse(text) as TerminalRun);
    });
  });
}

/** What is set for whoever runs the tests must not decide what they see. */
function withoutColourWords(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { NO_COLOR: _no, FORCE_COLOR: _force, LOCKSTEP_URL: _url, ...rest } = env;
  return rest;
}
