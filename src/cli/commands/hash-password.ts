import { randomBytes } from 'node:crypto';
import type { Command } from 'commander';
import { hashPassword } from '../../access/password-hash.ts';
import { digestOf } from '../../access/secret-digest.ts';
import { CliError, exitCodes } from '../cli-error.ts';
import { readSecret } from '../read-secret.ts';
import type { Terminal } from '../terminal.ts';

const lengthMin = 8;
const tokenBytes = 32;

/** For `http.users` and `http.tokens`: what the configuration holds instead of the secret. */
export function addHashPassword(program: Command, terminal: Terminal): void {
  program
    .command('hash-password')
    .description('hash a password for http.users (typed, or from standard input)')
    .option('--token', 'make a token for http.tokens instead, and its hash', false)
    .action(async ({ token }: { token: boolean }) => {
      if (token) {
        const made = randomBytes(tokenBytes).toString('base64url');
        terminal.complain(`token, for the program that uses it: ${made}\nfor http.tokens:`);
        terminal.say(`sha256:${digestOf(made)}`);
        return;
      }
      const password = await readSecret('password: ').catch(() => '');
      if (password.length < lengthMin) {
        const remedy = 'Type it, or `lockstep hash-password < file`; only the first line counts.';
        const message = `a password has ${lengthMin} characters or more`;
        throw new CliError(message, { remedy, exitCode: exitCodes.usage });
      }
      terminal.say(await hashPassword(password));
    });
}
