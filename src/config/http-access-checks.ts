import type { Config } from './config.ts';
import { isLoopback } from './is-loopback.ts';
import { repeats } from './repeats.ts';

const passwordLengthMin = 8;
const tokenLengthMin = 32;
const passwordHash = /^\$scrypt\$ln=\d{1,2},r=\d{1,2},p=\d{1,2}\$[\w+/-]{11,88}\$[\w+/-]{22,88}$/;
const tokenHash = /^sha256:[0-9a-f]{64}$/;

/** Whether what stands at `password` is the hash of one. */
export const isPasswordHash = (written: string): boolean => passwordHash.test(written);
export const isTokenHash = (written: string): boolean => tokenHash.test(written);

/** What is wrong with the accounts of the HTTP side, with the path to point at. */
export function httpAccessChecks({ http }: Config) {
  return [
    ...offLoopback(http),
    ...repeats(
      [...http.users, ...http.tokens].map((account) => account.name),
      (index) => pathOf(http, index),
      (name, first) => `"${name}" is already ${pathOf(http, first)}; names are unique`,
    ),
    ...http.users.flatMap(({ password }, index) => {
      if (password === undefined || isPasswordHash(password)) return [];
      if (password.startsWith('$scrypt$')) {
        const message = 'is no whole hash: copy all that `lockstep hash-password` printed';
        return [problem(`http.users[${index}].password`, message)];
      }
      if (password.length >= passwordLengthMin) return [];
      const message = `must have ${passwordLengthMin} characters or more, or be a hash`;
      return [problem(`http.users[${index}].password`, message)];
    }),
    ...http.tokens.flatMap(({ token }, index) => {
      if (token === undefined || isTokenHash(token)) return [];
      if (token.startsWith('sha256:')) {
        const message = 'is no whole hash: copy all that `lockstep hash-password` printed';
        return [problem(`http.tokens[${index}].token`, message)];
      }
      if (token.length >= tokenLengthMin) return [];
      const message = `must have ${tokenLengthMin} characters or more, or be a hash`;
      return [problem(`http.tokens[${index}].token`, message)];
    }),
  ];
}

const problem = (path: string, message: string) => ({ path, message: `${path}: ${message}` });

function pathOf({ users }: Config['http'], index: number): string {
  return index < users.length
    ? `http.users[${index}].name`
    : `http.tokens[${index - users.length}].name`;
}

function offLoopback({ enabled, host, users, tokens }: Config['http']) {
  if (!enabled || isLoopback(host) || users.length + tokens.length > 0) return [];
  const message =
    `"${host}" can be reached from other machines, where whoever reaches it could do ` +
    'everything: add `http.users` or `http.tokens` (`lockstep hash-password` makes a hash for ' +
    'either), or listen on 127.0.0.1, or set `http.enabled: false`';
  return [problem('http.host', message)];
}
