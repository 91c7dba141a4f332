import { expect, test } from 'vitest';
import { errorTable } from './errors.ts';

const page = `# Errors of Lockstep

Made from the table in \`src/base/errors.ts\`. A MySQL client sees the errno and SQLSTATE and a
message that begins with \`Lockstep:\`; HTTP answers with the status and an
\`application/problem+json\` body whose \`code\` is the one here. Errors of the servers are passed
on as they are and are not listed.

| code | errno | SQLSTATE | HTTP | what to do |
| --- | --- | --- | --- | --- |
${Object.entries(errorTable)
  .toSorted(([left], [right]) => left.localeCompare(right))
  .map(
    ([code, { errno, sqlState, httpStatus, remedy }]) =>
      `| \`${code}\` | ${errno} | ${sqlState} | ${httpStatus} | ${remedy} |`,
  )
  .join('\n')}
`;

test('docs/ERRORS.md is what the table says', async () => {
  await expect(page).toMatchFileSnapshot('../../docs/ERRORS.md');
});
