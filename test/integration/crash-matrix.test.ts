import { describe } from 'vitest';
import { engines } from '../support/cluster.ts';
import { BalancerCrashes } from '../support/crash/balancer-crashes.ts';
import { cellsFor, faultsInProcess } from '../support/crash/matrix.ts';
import { runCells } from '../support/crash/run-cells.ts';
import { ServerCrashes } from '../support/crash/server-crashes.ts';
import { extended } from '../support/extended.ts';

/** A few cells of the matrix, fewer of them in plain `npm test`; `npm test -- long` has all. */
const ofServers = [
  'writes: commit.durable, leader killed',
  'ddl: ddl.sent, leader reset',
  'recovery: follower.sent, follower killed',
];
const moreOfServers = [
  'writes: commit.sent, leader answers lost',
  'transactions: commit.appended, leader half open',
];
const ofBalancer = ['ddl: ddl.answered, balancer killed'];
const moreOfBalancer = ['writes: log.written, balancer killed'];

describe.each(engines())('crashes at fault points, $name', (engine) => {
  const cellsOfServers = (names: readonly string[]) =>
    cellsFor(faultsInProcess).filter(({ name }) => names.includes(name));
  const cellsOfBalancer = (names: readonly string[]) =>
    cellsFor(['balancer killed']).filter(({ name }) => names.includes(name));

  describe('of servers and connections', () => {
    runCells(cellsOfServers(ofServers), () => ServerCrashes.open(engine));
  });

  describe('of servers and connections, more of them', extended, () => {
    runCells(cellsOfServers(moreOfServers), () => ServerCrashes.open(engine));
  });

  describe('of the balancer', () => {
    runCells(cellsOfBalancer(ofBalancer), () => BalancerCrashes.open(engine));
  });

  describe('of the balancer, more of them', extended, () => {
    runCells(cellsOfBalancer(moreOfBalancer), () => BalancerCrashes.open(engine));
  });
});
