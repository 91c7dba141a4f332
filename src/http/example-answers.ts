import { accessAnswers } from './example-answers/access-answers.ts';
import { clusterAnswers } from './example-answers/cluster-answers.ts';
import { configAnswers } from './example-answers/config-answers.ts';
import { demoAnswers } from './example-answers/demo-answers.ts';
import { nodesAnswers } from './example-answers/nodes-answers.ts';
import { queryAnswers } from './example-answers/query-answers.ts';
import type { Problem } from './problem.ts';

/** What an operation answered once, by status; lists of it are cut. */
interface ExampleAnswer extends Readonly<Record<number, unknown>> {
  /** With `Accept: application/x-ndjson`. */
  readonly lines?: string;
}

/** By the operation's name. */
export type ExampleAnswers = Readonly<Record<string, ExampleAnswer>>;

/** Taken from a running cluster. A test holds them against the schemas of today. */
export const exampleAnswers: ExampleAnswers = {
  ...accessAnswers,
  ...clusterAnswers,
  ...nodesAnswers,
  ...configAnswers,
  ...queryAnswers,
  ...demoAnswers,
};

/** Of `SELECT * FORM users`. */
export const exampleProblem: Problem = {
  type: 'urn:lockstep:error:server_error',
  title: 'server error',
  detail: [
    'You have an error in your SQL syntax; check the manual that corresponds to your MariaDB ',
    "server version for the right syntax to use near 'FORM users' at line 1",
  ].join(''),
  code: 'server_error',
  status: 400,
  message: [
    'You have an error in your SQL syntax; check the manual that corresponds to your MariaDB ',
    "server version for the right syntax to use near 'FORM users' at line 1",
  ].join(''),
  remedy: 'The database server refused the statement; the message is its own.',
  errno: 1064,
  sqlState: '42000',
  position: 9,
};
