/**
 * How connections to a node are encrypted: the servers' own terms.
 * Source: https://dev.mysql.com/doc/refman/9.4/en/connection-options.html#option_general_ssl-mode
 */
export const nodeTlsModes = [
  'off',
  'preferred',
  'required',
  'verify_ca',
  'verify_identity',
] as const;

export type NodeTlsMode = (typeof nodeTlsModes)[number];

/** What of a node's settings says how its connections are encrypted. */
export interface NodeTlsSettings {
  readonly tls?: NodeTlsMode;
  readonly tlsCaFile?: string;
  readonly tlsCertFile?: string;
  readonly tlsKeyFile?: string;
}

/** What does not go together, each beginning with the key it is about. */
export function nodeTlsProblems(node: NodeTlsSettings): string[] {
  const { tls = 'off', tlsCaFile, tlsCertFile, tlsKeyFile } = node;
  const problems: string[] = [];
  if ((tlsCertFile === undefined) !== (tlsKeyFile === undefined)) {
    const missing = tlsKeyFile === undefined ? 'tls_key_file' : 'tls_cert_file';
    problems.push(`${missing}: is required, key and certificate go together`);
  }
  if (tls === 'off' && (tlsCaFile ?? tlsCertFile ?? tlsKeyFile) !== undefined) {
    problems.push('tls: is off, yet a file for it is given; say `required` or `verify_ca`');
  }
  if ((tls === 'preferred' || tls === 'required') && tlsCaFile !== undefined) {
    problems.push(`tls: ${tls} does not look at tls_ca_file; say \`verify_ca\``);
  }
  return problems;
}
