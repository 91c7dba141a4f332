import { describe } from 'vitest';
import { engines } from '../support/cluster.ts';
import { BalancerCrashes } from '../support/crash/balancer-crashes.ts';
import { cellsFor, faultsInProcess } from '../support/crash/matrix.ts';
import { runCells } from '../support/crash/run-cells.ts';
import { ServerCrashes } from '../support/crash/server-crashes.ts';

/** A few cells of the matrix; `npm test -- long` has them all. */
const ofServers = [
  'writes: commit.durable, leader killed',
  'writes: commit.sent, leader answers lost',
  'transactions: commit.appended, leader half open',
  'ddl: ddl.sent, leader reset',
  'recovery: follower.sent, follower killed',
];
const ofBalancer = ['writes: log.written, balancer killed', 'ddl: ddl.answered, balancer killed'];

describe.each(engines())('crashes at fault points, $name', (engine) => {
  describe('of servers and connections', () => {
    const cells = cellsFor(faultsInProcess).filter(({ name }) => ofServers.includes(name));
    runCells(cells, () => ServerCrashes.open(engine));
  });

  describe('of the balancer', () => {
    const cells = cellsFor(['balancer killed']).filter(({ name }) => ofBalancer.includes(name));
    runCells(cells, () => BalancerCrashes.open(engine));
  });
});
