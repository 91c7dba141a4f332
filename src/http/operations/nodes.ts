import { Type } from 'typebox';
import type { BalancerControl } from '../balancer-control.ts';
import { type NodeAction, nodeActions } from '../node-actions.ts';
import { closed, json, logPageQuery, nameParams, operation, pageOptions } from '../operation.ts';
import { nodeLogSchema, nodeStatusSchema } from '../schemas.ts';

const tag = 'nodes';

const summaries: Readonly<Record<NodeAction, string>> = {
  enable: 'Take a disabled node back; it replays what it missed before it serves',
  disable: 'Take a node out at once; its entries wait in the log',
  drain: 'Let a node finish the reads it has, then disable it',
  resync: "Replace a node's data with a copy from a node in sync",
};

/** A resync has only begun when it is answered; the node's `resync` tells how far it is. */
const statusOf = (action: NodeAction): number => (action === 'resync' ? 202 : 200);

const actionOperations = nodeActions.map((action) =>
  operation({
    name: `${action}Node`,
    tag,
    method: 'POST',
    path: `/nodes/{name}/${action}`,
    summary: summaries[action],
    schema: { params: nameParams, answers: { [statusOf(action)]: nodeStatusSchema } },
    async run(control: BalancerControl, { params }) {
      await control[action](params.name);
      return json(control.node(params.name), statusOf(action));
    },
  }),
);

export const nodeOperations = [
  operation({
    name: 'listNodes',
    tag,
    method: 'GET',
    path: '/nodes',
    summary: 'All nodes with state, position and figures',
    schema: { answers: { 200: Type.Array(nodeStatusSchema) } },
    run: (control) => json(control.nodes()),
  }),
  operation({
    name: 'getNode',
    tag,
    method: 'GET',
    path: '/nodes/{name}',
    summary: 'One node',
    schema: { params: nameParams, answers: { 200: nodeStatusSchema } },
    run: (control, { params }) => json(control.node(params.name)),
  }),
  operation({
    name: 'getNodeLog',
    tag,
    method: 'GET',
    path: '/nodes/{name}/log',
    summary: 'The entries that the node has not applied yet, oldest first',
    schema: { params: nameParams, query: logPageQuery, answers: { 200: nodeLogSchema } },
    run: async (control, { params, query }) =>
      json(await control.nodeLog(params.name, pageOptions(query))),
  }),
  ...actionOperations,
  operation({
    name: 'setNodeWeight',
    tag,
    method: 'PUT',
    path: '/nodes/{name}/weight',
    summary: "Change a node's share of the reads",
    schema: {
      params: nameParams,
      body: Type.Object({ weight: Type.Integer({ minimum: 1, maximum: 1000 }) }, closed),
      answers: { 200: nodeStatusSchema },
    },
    async run(control, { params, body, by }) {
      const { name } = control.node(params.name);
      await control.settings.change({ [`nodes.${name}.weight`]: body.weight }, by);
      return json(control.node(params.name));
    },
  }),
];
