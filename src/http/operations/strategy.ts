import { Type } from 'typebox';
import { LockstepError } from '../../base/errors.ts';
import { isStrategyName } from '../../config/strategy-name.ts';
import { json, operation } from '../operation.ts';
import { strategyStatusSchema } from '../schemas.ts';

const tag = 'strategy';

export const strategyOperations = [
  operation({
    name: 'getStrategy',
    tag,
    method: 'GET',
    path: '/strategy',
    summary: 'How the node for a read is chosen, and the alternatives',
    schema: { answers: { 200: strategyStatusSchema } },
    run: (control) => json(control.strategy()),
  }),
  operation({
    name: 'setStrategy',
    tag,
    method: 'POST',
    path: '/strategy/{name}',
    summary: 'Change the strategy; reads under way go on',
    schema: {
      params: Type.Object({ name: Type.String({ minLength: 1, maxLength: 64 }) }),
      answers: { 200: strategyStatusSchema },
    },
    async run(control, { params, by }) {
      if (!isStrategyName(params.name)) {
        const names = control.strategy().available.join(', ');
        throw new LockstepError(
          'bad_request',
          `no strategy is called "${params.name}"; there are: ${names}`,
        );
      }
      await control.settings.change({ strategy: params.name }, by);
      return json(control.strategy());
    },
  }),
];
