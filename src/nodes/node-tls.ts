import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP, type Socket } from 'node:net';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { asError } from '../base/as-error.ts';
import type { NodeTlsMode, NodeTlsSettings } from '../config/node-tls-mode.ts';

/** What a connection to a node shows of us and asks of the server, its files read. */
export interface PreparedTls {
  readonly mode: Exclude<NodeTlsMode, 'off'>;
  readonly secureContext: SecureContext;
}

/**
 * How connections to one node are encrypted. The files are read when they are first needed, and
 * again after a connection failed: so certificates can be renewed without a restart.
 */
export class NodeTls {
  readonly #settings: NodeTlsSettings;
  #context: Promise<SecureContext> | undefined;

  constructor(settings: NodeTlsSettings) {
    this.#settings = settings;
  }

  /** Undefined without encryption. Rejects with the name of a file that cannot be used. */
  async prepare(): Promise<PreparedTls | undefined> {
    const { tls: mode = 'off' } = this.#settings;
    if (mode === 'off') return undefined;
    this.#context ??= contextOf(this.#settings);
    return { mode, secureContext: await this.#context };
  }

  /** A connection failed: perhaps because of what the files held. */
  forget(): void {
    this.#context = undefined;
  }
}

/**
 * Goes on with a connection inside TLS. What is verified is what MySQL's clients verify in the
 * mode of that name. Of what the TLS layer reports, `onError` gets an error in plain words.
 * Source: https://dev.mysql.com/doc/refman/9.4/en/connection-options.html#option_general_ssl-mode
 */
export function startTls(
  plain: Socket,
  { mode, secureContext }: PreparedTls,
  host: string,
  onSecure: () => void,
): TLSSocket {
  return connect(
    {
      socket: plain,
      secureContext,
      host,
      // RFC 6066, section 3: a server name is no address.
      ...(isIP(host) === 0 && { servername: host }),
      rejectUnauthorized: mode === 'verify_ca' || mode === 'verify_identity',
      ...(mode !== 'verify_identity' && { checkServerIdentity: () => undefined }),
    },
    onSecure,
  );
}

/** How the message of `tlsFailure` begins. */
export const tlsFailed = 'TLS failed: ';

/** Why TLS with a node did not come about, and what can be done. */
export function tlsFailure(cause: Error & { readonly code?: string }): Error {
  const { code = '', message } = cause;
  const hint = hints.find(([pattern]) => pattern.test(code))?.[1];
  return new Error(`${tlsFailed}${message}${hint === undefined ? '' : ` (${hint})`}`, { cause });
}

const hints: readonly (readonly [RegExp, string])[] = [
  [/ALTNAME/, 'use a name that the certificate has as `host`, or `tls: verify_ca`'],
  [/EXPIRED/, "renew the server's certificate"],
  [
    /SELF_SIGNED|UNABLE_TO_|ISSUER|CERT_SIGNATURE|UNTRUSTED/,
    "`tls_ca_file` must hold the certificate that issued the server's",
  ],
];

async function contextOf(settings: NodeTlsSettings): Promise<SecureContext> {
  const read = async (key: string, path: string | undefined): Promise<Buffer | undefined> => {
    if (path === undefined) return undefined;
    return readFile(path).catch((cause: unknown) => {
      throw new Error(`${key} cannot be read: ${asError(cause).message}`, { cause });
    });
  };
  const [ca, cert, key] = await Promise.all([
    read('tls_ca_file', settings.tlsCaFile),
    read('tls_cert_file', settings.tlsCertFile),
    read('tls_key_file', settings.tlsKeyFile),
  ]);
  try {
    // Of what is no certificate at all, the TLS layer says nothing.
    if (ca && new X509Certificate(ca).raw.length === 0) throw new Error('no certificate');
    return createSecureContext({
      ...(ca && { ca }),
      ...(cert && { cert }),
      ...(key && { key }),
      minVersion: 'TLSv1.2',
    });
  } catch (cause) {
    const files = [settings.tlsCaFile, settings.tlsCertFile, settings.tlsKeyFile];
    const named = files.filter((file) => file !== undefined).join(', ');
    throw new Error(`tls: ${named} cannot be used: ${asError(cause).message}`, { cause });
  }
}
