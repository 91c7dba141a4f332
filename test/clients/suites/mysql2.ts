import { nodeSuite } from '../frame/node-programs.ts';

export const suite = nodeSuite('mysql2', ['mysql2', 'mysql2-sessions', 'mysql2-pools']);
