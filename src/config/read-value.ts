import { unreachable } from '../base/assert.ts';
import { nearestName } from './nearest-name.ts';
import type { Form } from './setting.ts';
import {
  durationForm,
  formatDuration,
  formatSize,
  parseDuration,
  parseSize,
  sizeForm,
} from './units.ts';

/** A scalar of the file: its value, and the text it was written as. */
export interface Scalar {
  readonly value: unknown;
  readonly source: string;
}

export type ReadValue =
  | { readonly kind: 'value'; readonly value: string | number | boolean }
  | { readonly kind: 'wrong'; readonly wrong: string; readonly right: string };

/** Checks one scalar against the form of its setting. */
export function readValue(form: Form, scalar: Scalar): ReadValue {
  const right = describeForm(form);
  const wrong = (what: string): ReadValue => ({ kind: 'wrong', wrong: what, right });
  const value = (found: string | number | boolean): ReadValue => ({ kind: 'value', value: found });
  if (scalar.value === null || scalar.value === undefined) return wrong('has no value');
  // Never repeat a secret in a message.
  const shown = form.kind === 'secret' ? 'what is written' : JSON.stringify(scalar.source);
  switch (form.kind) {
    case 'text':
    case 'secret':
    case 'path': {
      const text = textOf(scalar);
      if (text === undefined) return wrong(`${shown} is not text (put it in quotes)`);
      if (form.kind === 'text' && form.pattern !== undefined && !form.pattern.test(text)) {
        return wrong(`${JSON.stringify(text)} is not allowed`);
      }
      if (form.kind === 'path' && text === '') return wrong('is empty');
      return value(text);
    }
    case 'integer': {
      if (typeof scalar.value !== 'number' || !Number.isSafeInteger(scalar.value)) {
        return wrong(`${shown} is not a whole number`);
      }
      return within(scalar.value, form.min, form.max) ? value(scalar.value) : wrong(outside(shown));
    }
    case 'duration': {
      const ms = parseDuration(scalar.source);
      if (ms === undefined) return wrong(`${shown} is not a duration`);
      return within(ms, form.minMs, form.maxMs) ? value(ms) : wrong(outside(shown));
    }
    case 'size': {
      const bytes = parseSize(scalar.source);
      if (bytes === undefined) return wrong(`${shown} is not a size`);
      return within(bytes, form.minBytes, form.maxBytes) ? value(bytes) : wrong(outside(shown));
    }
    case 'flag':
      return typeof scalar.value === 'boolean' ? value(scalar.value) : wrong(`${shown} is neither`);
    case 'choice': {
      if (form.values.includes(scalar.source)) return value(scalar.source);
      const near = nearestName(scalar.source, form.values);
      const hint = near === undefined ? '' : ` (did you mean "${near}"?)`;
      return wrong(`${shown} is not a choice${hint}`);
    }
    default:
      return unreachable(form);
  }
}

/** What a setting of this form may be, in words: for messages and the docs page. */
export function describeForm(form: Form): string {
  switch (form.kind) {
    case 'text':
      return form.expected ?? 'text';
    case 'secret':
      return 'text';
    case 'path':
      return 'a path';
    case 'integer':
      return `a whole number from ${form.min} to ${form.max}`;
    case 'duration':
      return `${durationForm}, from ${formatDuration(form.minMs)} to ${formatDuration(form.maxMs)}`;
    case 'size':
      return `${sizeForm}, from ${formatSize(form.minBytes)} to ${formatSize(form.maxBytes)}`;
    case 'flag':
      return 'true or false';
    case 'choice':
      return `one of ${form.values.join(', ')}`;
    default:
      return unreachable(form);
  }
}

/** A number is taken as it was written, so that `password: 0123` is not `83`. */
function textOf(scalar: Scalar): string | undefined {
  if (typeof scalar.value === 'string') return scalar.value;
  if (typeof scalar.value === 'number') return scalar.source;
  return undefined;
}

function within(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}

function outside(shown: string): string {
  return `${shown} is out of range`;
}
