import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectTo, engines, expectEqualNodes } from '../support/cluster.ts';
import { accountCases } from '../support/determinism/account-cases.ts';
import { autoIncrementCases } from '../support/determinism/auto-increment-cases.ts';
import { boundCases, strangeCases } from '../support/determinism/bound-cases.ts';
import { callCases } from '../support/determinism/call-cases.ts';
import { type ClientCase, clientCases } from '../support/determinism/client-cases.ts';
import { definitionCases } from '../support/determinism/definition-cases.ts';
import { engineCases } from '../support/determinism/engine-cases.ts';
import { functionCases } from '../support/determinism/function-cases.ts';
import { type DeterminismCase, DeterminismLab } from '../support/determinism/lab.ts';
import { programCases } from '../support/determinism/program-cases.ts';
import { rowChoiceCases } from '../support/determinism/row-choice-cases.ts';
import { sessionCases } from '../support/determinism/session-cases.ts';
import { valueCases } from '../support/determinism/value-cases.ts';
import { viewCases } from '../support/determinism/view-cases.ts';
import { extended } from '../support/extended.ts';

const themes: readonly (readonly [string, readonly DeterminismCase[]])[] = [
  ['functions', functionCases],
  ['the choice and order of rows', rowChoiceCases],
  ['AUTO_INCREMENT and sequences', autoIncrementCases],
  ['triggers, functions and views', programCases],
  ['views that call functions', viewCases],
  ['procedures and the ids that programs generate', callCases],
  ['values', valueCases],
  ['sessions and DDL', sessionCases],
  ['definitions', definitionCases],
  ['accounts', accountCases],
  ['what only some tables have', engineCases],
];

/** Of each theme plain `npm test` has every third case. */
const isUsual = (index: number): boolean => index % 3 === 0;

describe.each(engines())('every node computes the same, $name', (engine) => {
  const lab = new DeterminismLab(engine);

  beforeAll(() => lab.open());
  afterAll(() => lab.close());

  for (const [theme, cases] of themes) {
    const here = cases.filter(({ only }) => only === undefined || only === engine.name);
    describe(`in ${theme}`, () => {
      test.each(here.filter((_, index) => isUsual(index)))('$name', (one) => lab.check(one));
      test.each(here.filter((_, index) => !isUsual(index)))('$name', extended, (one) =>
        lab.check(one),
      );
    });
  }

  describe('with clients of their own', () => {
    const check = async ({ run }: ClientCase): Promise<void> => {
      await run(lab);
      expect(await lab.differences(lab.schema)).toEqual([]);
    };
    test.each([...clientCases, ...boundCases])('$name', check);
    test.each(strangeCases)('$name', extended, check);
  });

  test("rows of MariaDB's grant tables are left to the statements for accounts", async () => {
    await using root = await lab.client();
    const deletion = root.query("DELETE FROM mysql.user WHERE User = 'nobody'");
    if (engine.name === 'mariadb') await expect(deletion).rejects.toThrow(/Aria.*DROP USER/s);
    else await deletion;
  });

  test('a password set through Lockstep is good on every node', async () => {
    const root = await lab.client();
    await root.query("CREATE USER 'known'@'%' IDENTIFIED BY 'first'");
    const password = "ü it's \\ a longer password than any digest 0123456789";
    await root.execute(`ALTER USER 'known'@'%' IDENTIFIED BY ${root.escape(password)}`);
    for (const server of lab.servers.servers) {
      const direct = await connectTo(server, { user: 'known', password });
      await direct.query('SELECT 1');
      direct.destroy();
    }
    root.destroy();
  });

  test('and at the end all nodes are equal', () => expectEqualNodes(lab.servers.servers));
});
