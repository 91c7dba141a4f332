import { Type } from 'typebox';
import { LockstepError } from '../base/errors.ts';
import { json, nameParams, type Operation, operation } from '../http/operation.ts';
import { type DemoAction, demoActions, demoActionSummaries } from './demo-actions.ts';
import type { LocalServer } from './local-server.ts';

/** What of a local server can be told; a process that is starting is `running` already. */
type DemoNodeState = 'running' | 'paused' | 'stopped';

const tag = 'demo';

const demoNodeSchema = Type.Object({
  name: Type.String(),
  port: Type.Integer(),
  state: Type.Enum(['running', 'paused', 'stopped']),
  pid: Type.Optional(Type.Integer()),
  actions: Type.Array(Type.Enum([...demoActions])),
});

const possibleActions: Readonly<Record<DemoNodeState, readonly DemoAction[]>> = {
  running: ['stop', 'kill', 'pause'],
  paused: ['resume', 'stop', 'kill'],
  stopped: ['start'],
};

const reached: Readonly<Record<DemoAction, DemoNodeState>> = {
  stop: 'stopped',
  kill: 'stopped',
  pause: 'paused',
  resume: 'running',
  start: 'running',
};

/** Stop, kill, pause, resume and start for the servers that the demo runs itself. */
export function demoOperations(servers: readonly LocalServer[]): Operation[] {
  return [
    operation({
      name: 'listDemoNodes',
      tag,
      method: 'GET',
      path: '/demo/nodes',
      summary: "The demo's servers as processes",
      schema: { answers: { 200: Type.Array(demoNodeSchema) } },
      run: () => json(servers.map(describe)),
    }),
    ...demoActions.map((action) =>
      operation({
        name: `${action}DemoNode`,
        tag,
        method: 'POST',
        path: `/demo/nodes/{name}/${action}`,
        summary: demoActionSummaries[action],
        schema: { params: nameParams, answers: { 200: demoNodeSchema } },
        async run(_control, { params: { name } }) {
          const server = servers.find((one) => one.name === name);
          if (server === undefined) {
            throw new LockstepError('not_found', `the demo has no node called "${name}"`);
          }
          await act(server, action);
          return json(describe(server));
        },
      }),
    ),
  ];
}

async function act(server: LocalServer, action: DemoAction): Promise<void> {
  const state = stateOf(server);
  if (!possibleActions[state].includes(action)) {
    const wrong =
      state === reached[action]
        ? `${state} already`
        : `${state}: of it you can ask ${possibleActions[state].join(', ')}`;
    throw new LockstepError('conflict', `${server.name} is ${wrong}`);
  }
  await server[action]();
}

function stateOf(server: LocalServer): DemoNodeState {
  if (!server.running) return 'stopped';
  return server.paused ? 'paused' : 'running';
}

function describe(server: LocalServer) {
  const state = stateOf(server);
  const { name, port, pid } = server;
  return {
    name,
    port,
    state,
    ...(pid === undefined ? {} : { pid }),
    actions: possibleActions[state],
  };
}
