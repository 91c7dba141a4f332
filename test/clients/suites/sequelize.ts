import { nodeSuite } from '../frame/node-programs.ts';

export const suite = nodeSuite('sequelize', ['sequelize']);
