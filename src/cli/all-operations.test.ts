import { Value } from 'typebox/value';
import { describe, expect, test } from 'vitest';
import { exampleAnswers } from '../http/example-answers.ts';
import { allOperations } from './all-operations.ts';

describe('the answers shown as examples', () => {
  test.for(allOperations.map((one) => [one.name, one] as const))(
    '%s: one for each status, as its schema says',
    ([name, { schema }]) => {
      for (const [status, answer] of Object.entries(schema.answers)) {
        if (status === '204') continue;
        const example = exampleAnswers[name]?.[Number(status)];
        expect(example, status).toBeDefined();
        expect(Value.Errors(answer, example), status).toEqual([]);
      }
    },
  );

  test('belong to operations', () => {
    const names = new Set(allOperations.map(({ name }) => name));
    expect(Object.keys(exampleAnswers).filter((name) => !names.has(name))).toEqual([]);
  });

  test.each(['query', 'queryNode'])('lines of %s are JSON, from columns to the end', (name) => {
    const lines = exampleAnswers[name]?.lines?.trimEnd().split('\n') ?? [];
    const kinds = lines.map((line) => (JSON.parse(line) as { kind: string }).kind);
    expect(kinds).toEqual(['columns', 'rows', 'end']);
  });
});
