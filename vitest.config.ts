import { defineConfig } from 'vitest/config';

// `unit` runs beside the code and needs nothing but Node; `integration` starts real database
// servers, and two of its files run at once: they mostly wait; `page` drives a browser; `long` is
// what takes hours, and `clients` the drivers of other languages: these run only when named. Tests
// of the others that are tagged `extended` are left out of plain `npm test`, and run in CI.
export default defineConfig({
  test: {
    tags: [
      {
        name: 'extended',
        description:
          'takes long; left out of plain `npm test`, where a shorter test has its subject',
      },
    ],
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'src/**/*.test.ts',
            'web/**/*.test.ts',
            'test/house/**/*.test.ts',
            'test/simulation/**/*.test.ts',
            'test/support/**/*.test.ts',
            'test/clients/frame/**/*.test.ts',
            'test/fuzz/**/*.test.ts',
          ],
          environment: 'node',
          // Of two cores vitest would leave one to itself.
          maxWorkers: 2,
          // Tests of the house start other programs, on machines that are busy with the rest.
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts', 'test/scenario/**/*.test.ts'],
          environment: 'node',
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: 'page',
          include: ['test/page/**/*.test.ts'],
          // What is waited for by polling has as long as what the browser's driver waits for.
          expect: { poll: { timeout: 30_000 } },
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
      {
        test: {
          name: 'clients',
          include: ['test/clients/clients.test.ts'],
          environment: 'node',
          testTimeout: 3_600_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
