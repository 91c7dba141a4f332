import { unreachable } from '../../base/assert.ts';
import type { StrategyName } from '../../config/strategy-name.ts';
import { LeastConnections } from './least-connections.ts';
import { LeastTime } from './least-time.ts';
import { RandomTwoChoices } from './random-two-choices.ts';
import { RoundRobin } from './round-robin.ts';
import type { SelectionStrategy } from './selection-strategy.ts';
import { WeightedRoundRobin } from './weighted-round-robin.ts';

/** `random` returns a number from 0 up to but not including 1. */
export function createStrategy(
  name: StrategyName,
  tools: { readonly random: () => number },
): SelectionStrategy {
  switch (name) {
    case 'round_robin':
      return new RoundRobin();
    case 'weighted_round_robin':
      return new WeightedRoundRobin();
    case 'least_time':
      return new LeastTime();
    case 'least_connections':
      return new LeastConnections();
    case 'random_two_choices':
      return new RandomTwoChoices(tools.random);
    default:
      return unreachable(name);
  }
}
