import { defineConfig } from 'vitest/config';

// Three projects: `unit` runs beside the code and needs nothing but Node; `integration`
// starts real database servers, so its files run one at a time on small machines; `long` is
// what takes too long for every `npm test`, and runs only when it is named.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'test/house/**/*.test.ts',
            'test/simulation/**/*.test.ts',
            'test/support/**/*.test.ts',
          ],
          environment: 'node',
          // Tests of the house start other programs, on machines that are busy with the rest.
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', 'test/scenario/**/*.test.ts'],
          environment: 'node',
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'long',
          include: ['test/long/**/*.test.ts'],
          environment: 'node',
          fileParallelism: false,
          testTimeout: 3_600_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
});
