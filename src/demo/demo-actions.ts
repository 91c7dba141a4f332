/** What can be done to a server of the demo. */
export const demoActions = ['stop', 'kill', 'pause', 'resume', 'start'] as const;
export type DemoAction = (typeof demoActions)[number];

export const demoActionSummaries: Readonly<Record<DemoAction, string>> = {
  stop: "End a node's server in order (SIGTERM)",
  kill: "Kill a node's server (SIGKILL), as a crash would",
  pause: "Freeze a node's server (SIGSTOP): it keeps its connections and answers nothing",
  resume: "Let a node's frozen server go on (SIGCONT)",
  start: "Start a node's server again",
};
