import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

const run = promisify(execFile);
const child = fileURLToPath(new URL('micro-child.mjs', import.meta.url));
const baselineFile = fileURLToPath(new URL('micro-baseline.json', import.meta.url));

/** Beyond these, a part is pointed at: times vary by a few per cent from run to run. */
const slowerMax = 1.25;
const moreBytesMax = 1.1;

const usage = `npm run bench -- micro [options]
  --ms N                milliseconds for each part: 1500
  --write               make what was measured the baseline`;

/**
 * The pure parts of the hot path, as ratios to a loop that is always the same, so that they can be
 * compared between machines, beside the committed baseline.
 */
export async function micro(argv) {
  const { values } = parseArgs({
    args: argv,
    options: {
      ms: { type: 'string', default: '1500' },
      write: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(usage);
  // A young generation into which all of a measurement fits.
  const options = ['--expose-gc', '--max-semi-space-size=64', '--min-semi-space-size=64'];
  const { stdout } = await run(process.execPath, [...options, child, values.ms]);
  const figures = JSON.parse(stdout);
  if (values.write) await writeFile(baselineFile, `${JSON.stringify(figures, undefined, 2)}\n`);
  const baseline = JSON.parse(await readFile(baselineFile, 'utf8'));
  console.log(table(figures, baseline));
}

function table(figures, baseline) {
  const lines = Object.entries(figures).map(([name, { ratio, bytes }]) => {
    const before = baseline[name];
    const remark = before ? remarkOn({ ratio, bytes }, before) : 'new';
    const was = before ? `${before.ratio} / ${before.bytes} B` : '';
    return [
      name.padEnd(34),
      String(ratio).padStart(8),
      `${bytes} B`.padStart(10),
      was.padStart(20),
      remark,
    ].join(' ');
  });
  const head = `${'part'.padEnd(34)}    ratio  allocated             baseline`;
  return [head, ...lines].join('\n');
}

function remarkOn({ ratio, bytes }, before) {
  if (ratio > before.ratio * slowerMax) return `${(ratio / before.ratio).toFixed(2)} × as slow`;
  if (bytes > before.bytes * moreBytesMax + 16) return `${bytes - before.bytes} B more`;
  return '';
}
