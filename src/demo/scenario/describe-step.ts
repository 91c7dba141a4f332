import type { ScenarioStep } from './step-recorder.ts';

/** A step for people: what was expected and what was found. */
export function describeStep({ title, expected, found, passed }: ScenarioStep): string {
  const mark = passed ? 'ok  ' : 'FAIL';
  return `${mark} ${title}\n       expected ${text(expected)}\n       found    ${text(found)}`;
}

const text = (value: unknown): string =>
  typeof value === 'string' ? value : JSON.stringify(value);
