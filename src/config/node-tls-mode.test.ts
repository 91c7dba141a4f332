import { expect, test } from 'vitest';
import { nodeTlsProblems, type NodeTlsSettings } from './node-tls-mode.ts';

const pair = { tlsCertFile: 'c', tlsKeyFile: 'k' };

test.each<[NodeTlsSettings, string[]]>([
  [{}, []],
  [{ tls: 'required' }, []],
  [{ tls: 'verify_identity', tlsCaFile: 'ca', ...pair }, []],
  [{ tls: 'verify_ca', tlsKeyFile: 'k' }, ['tls_cert_file: is required']],
  [{ tls: 'verify_ca', tlsCertFile: 'c' }, ['tls_key_file: is required']],
  [{ tlsCaFile: 'ca' }, ['tls: is off']],
  [{ tls: 'off', ...pair }, ['tls: is off']],
  [{ tls: 'preferred', tlsCaFile: 'ca' }, ['tls: preferred does not look at tls_ca_file']],
])('%j', (settings, problems) => {
  expect(nodeTlsProblems(settings)).toEqual(
    problems.map((problem) => expect.stringContaining(problem)),
  );
});
