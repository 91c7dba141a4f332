import { balancerKilled } from './balancer-killed.ts';
import { type EngineName, findAnyEngine, requireEngine } from '../engine.ts';
import { outageUnderLoad } from './outage-under-load.ts';
import { quietOutage } from './quiet-outage.ts';
import { ScenarioStage } from './scenario-stage.ts';
import { type ScenarioStep, StepRecorder } from './step-recorder.ts';

export interface ScenarioOptions {
  /** Default: whichever is found, MariaDB first. */
  readonly engine?: EngineName | undefined;
  /** The built command, `dist/cli/main.js`. */
  readonly program: string;
  readonly report: (step: ScenarioStep) => void;
  /** Takes one line about what comes now. */
  readonly progress: (line: string) => void;
  /** Ends it early; then the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface ScenarioResult {
  readonly passed: number;
  readonly failed: number;
}

/**
 * What Lockstep promises, tried on five real servers: nodes that are stopped and killed, with
 * and without load, and a balancer that is killed. Ends everything it started, in any case.
 */
export async function runScenario(options: ScenarioOptions): Promise<ScenarioResult> {
  const engine = options.engine === undefined ? findAnyEngine() : requireEngine(options.engine);
  const { program, progress: say, signal } = options;
  const stage = new ScenarioStage({ engine, program, say });
  const steps = new StepRecorder({ report: options.report, signal });
  const parts = [quietOutage, outageUnderLoad, balancerKilled];
  try {
    await stage.open();
    for (const part of parts) await part({ stage, steps, say });
  } finally {
    await stage.close();
  }
  return { passed: steps.passed, failed: steps.failed };
}
