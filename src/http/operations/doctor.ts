import { examinationSchema } from '../doctor-schemas.ts';
import { json, operation } from '../operation.ts';

export const doctorOperations = [
  operation({
    name: 'examine',
    tag: 'status',
    method: 'GET',
    path: '/doctor',
    access: 'operate',
    summary: 'Look over settings, rights, clocks, disk and certificates, with what mends them',
    schema: { answers: { 200: examinationSchema } },
    run: async (control) => json(await control.examine()),
  }),
];
