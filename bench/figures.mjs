import { writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';

/** Everything that was measured, with where and how: what `page` makes docs/PERFORMANCE.md from. */
export async function saveFigures({ json, rounds, seconds }, { kind, engine, cells }) {
  if (!json) return;
  const figures = {
    kind,
    engine: `${engine.name} ${engine.version}`,
    node: process.version,
    cores: cpus().length,
    model: cpus()[0]?.model,
    memoryBytes: totalmem(),
    day: new Date().toISOString().slice(0, 10),
    rounds: Number(rounds),
    seconds: Number(seconds),
    cells,
  };
  await writeFile(json, `${JSON.stringify(figures, undefined, 2)}\n`);
}
