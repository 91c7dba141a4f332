import { duration, flag, GiB, KiB, list, size, text, TiB, userForm, yearMs } from './forms.ts';
import { group, optional, required, withDefault } from './setting.ts';

/** The part of the configuration about answers that are kept. */
export const cacheSchema = group(
  'Answers of reads that are kept, and given again as long as nothing they were read from has ' +
    'changed: see CACHE.md.',
  {
    bytes: withDefault<number>(
      size(0, TiB),
      0,
      'Memory for kept answers; 0: none is kept. With it, the reads of `rules` are kept, and ' +
        'those that say `/* lockstep: cache */`.',
    ),
    answerBytes: withDefault<number>(size(KiB, GiB), 64 * KiB, 'A larger answer is not kept.'),
    rules: list(
      {
        itemsMin: 0,
        itemsMax: 1000,
        description: 'Which reads are kept; of several rules that fit the first counts.',
      },
      {
        tables: required<string>(
          text,
          'Tables and views, as `schema.table` with commas between; `*` stands for anything. The ' +
            'rule fits a read that names no others, one that keeps nothing a read that names any.',
        ),
        user: optional<string>(userForm, 'Only of this user; without it of all.'),
        keep: withDefault<boolean>(flag, true, 'Whether the answers are kept.'),
        maxAgeMs: optional<number>(
          duration(1, yearMs),
          'An answer is not given any more after this, though nothing has changed.',
        ),
      },
    ),
  },
);
