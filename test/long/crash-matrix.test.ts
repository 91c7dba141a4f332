import { describe } from 'vitest';
import { engines } from '../support/cluster.ts';
import { BalancerCrashes } from '../support/crash/balancer-crashes.ts';
import { cellsFor, faultsInProcess } from '../support/crash/matrix.ts';
import { runCells } from '../support/crash/run-cells.ts';
import { ServerCrashes } from '../support/crash/server-crashes.ts';

describe.each(engines())('crash matrix, $name', (engine) => {
  describe('servers and connections', () => {
    runCells(cellsFor(faultsInProcess), () => ServerCrashes.open(engine));
  });

  describe('the balancer', () => {
    runCells(cellsFor(['balancer killed']), () => BalancerCrashes.open(engine));
  });
});
