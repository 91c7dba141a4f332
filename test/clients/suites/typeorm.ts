import { nodeSuite } from '../frame/node-programs.ts';

export const suite = nodeSuite('typeorm', ['typeorm', 'typeorm-schema', 'typeorm-transactions']);
