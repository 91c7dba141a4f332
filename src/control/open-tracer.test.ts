import { expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { defaultConfig } from '../config/config.ts';
import { createLogger } from '../telemetry/logger.ts';
import { openTracer } from './open-tracer.ts';

test('nothing is traced unless a receiver is named', async () => {
  const logger = createLogger({ level: 'silent' });
  const open = (otlpEndpoint?: string) => {
    const telemetry = { ...defaultConfig.telemetry, ...(otlpEndpoint && { otlpEndpoint }) };
    return openTracer({ config: { ...defaultConfig, telemetry }, clock: systemClock, logger });
  };
  expect(await open()).toBeUndefined();
  const tracer = await open('http://127.0.0.1:9');
  expect(tracer?.counts).toEqual({ exported: 0, dropped: 0 });
  await tracer?.close();
});
