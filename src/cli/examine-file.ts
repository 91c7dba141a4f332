import { systemClock } from '../base/clock.ts';
import { examine } from '../control/doctor/doctor.ts';
import type { Examination } from '../http/doctor-schemas.ts';
import { Node } from '../nodes/node.ts';
import { givenConfig } from './given-config.ts';

/** Looks over what the file names, without a running balancer. */
export async function examineFile(file: string): Promise<Examination> {
  const { config } = givenConfig({ config: file });
  const ignore = (): void => {};
  const nodes = config.nodes.map(
    (node) =>
      new Node({
        config: node,
        clock: systemClock,
        limits: config.limits,
        health: config.health,
        onStateChanged: ignore,
        onSuspect: ignore,
        onRestarted: ignore,
      }),
  );
  try {
    return await examine({ config, clock: systemClock, nodes });
  } finally {
    for (const node of nodes) node.destroyConnections(new Error('the examination is over'));
  }
}
