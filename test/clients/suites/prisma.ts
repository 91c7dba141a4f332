import { installNodePackages, nodeFolder, nodeSuite } from '../frame/node-programs.ts';
import { runProgram } from '../frame/run-program.ts';
import type { Suite } from '../frame/suite.ts';

/**
 * Prisma's client, whose query compiler is WebAssembly and comes from npm, with its adapter for
 * MariaDB's driver. `prisma db push`, `db pull` and `migrate` need the schema engine, a program in
 * machine code that only Prisma's own server has (the one in WebAssembly knows no MySQL), so they
 * are not run: prisma-migrate.mjs does with mysql2 what that engine does on a server.
 */
export const suite: Suite = {
  ...nodeSuite('prisma', ['prisma', 'prisma-transactions', 'prisma-migrate']),
  async prepare() {
    await installNodePackages();
    await generateClient();
  },
};

/** Writes the client of prisma/schema.prisma into node_modules. */
async function generateClient(): Promise<void> {
  const cli = `${nodeFolder}node_modules/prisma/build/index.js`;
  const ended = await runProgram({
    file: process.execPath,
    argv: [cli, 'generate', '--schema', `${nodeFolder}prisma/schema.prisma`],
    cwd: nodeFolder,
    // It would fetch the schema engine first, which generating does not use, and look for news.
    env: {
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      CHECKPOINT_DISABLE: '1',
    },
  });
  if (ended.code !== 0) throw new Error(`prisma generate failed:\n${ended.output}`);
}
