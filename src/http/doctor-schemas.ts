import { Type } from 'typebox';
import { oneOf, type Snapshot, text } from './schemas.ts';

export const findingLevels = ['ok', 'note', 'warning', 'error'] as const;

export const findingSchema = Type.Object({
  level: oneOf(findingLevels),
  about: text('The name of a node, or `lockstep`.'),
  check: text('What was looked at, e.g. `rights`.'),
  message: text('What was found, and why it matters.'),
  remedy: Type.Optional(text('What to do about it.')),
  sql: Type.Optional(Type.Array(Type.String(), { description: 'Statements that mend it there.' })),
});
export type Finding = Snapshot<typeof findingSchema>;

export const examinationSchema = Type.Object({ findings: Type.Array(findingSchema) });
export type Examination = Snapshot<typeof examinationSchema>;
