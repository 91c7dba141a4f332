import { unreachable } from '../base/assert.ts';
import type { Terminal } from './terminal.ts';

/** What a colour stands for; without colours the text is what there is. */
export type Tone = 'good' | 'warning' | 'bad' | 'quiet' | 'strong';

/** ECMA-48, Select Graphic Rendition. */
function codeOf(tone: Tone): number {
  switch (tone) {
    case 'good':
      return 32;
    case 'warning':
      return 33;
    case 'bad':
      return 31;
    case 'quiet':
      return 2;
    case 'strong':
      return 1;
    default:
      return unreachable(tone);
  }
}

export type Paint = (tone: Tone, text: string) => string;

/** Colours on a terminal that wants them, nothing elsewhere. */
export function paintFor({ colours }: Pick<Terminal, 'colours'>): Paint {
  if (colours !== true) return (_tone, text) => text;
  return (tone, text) => (text === '' ? '' : `\u001B[${codeOf(tone)}m${text}\u001B[0m`);
}

/** https://no-color.org: any text but an empty one says no. */
export function wantsColours(
  isTerminal: boolean,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}
