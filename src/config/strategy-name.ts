/** The strategies that choose a node for a read. A new one is added here and in its own file. */
export const strategyNames = [
  'round_robin',
  'weighted_round_robin',
  'least_time',
  'least_connections',
  'random_two_choices',
] as const;

export type StrategyName = (typeof strategyNames)[number];

export const isStrategyName = (name: string): name is StrategyName =>
  (strategyNames as readonly string[]).includes(name);
