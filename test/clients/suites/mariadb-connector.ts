import { nodeSuite } from '../frame/node-programs.ts';

export const suite = nodeSuite('mariadb-connector', [
  'mariadb',
  'mariadb-batches',
  'mariadb-pools',
]);
