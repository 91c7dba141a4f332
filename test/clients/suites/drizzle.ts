import { nodeSuite } from '../frame/node-programs.ts';

export const suite = nodeSuite('drizzle', ['drizzle']);
