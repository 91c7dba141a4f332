/**
 * What answers a command:
 * - `query`: OK, ERR, a LOCAL INFILE request or result sets (COM_QUERY, COM_STMT_EXECUTE)
 * - `prepare`: the answer to COM_STMT_PREPARE
 * - `simple`: one OK, ERR or EOF
 * - `field_list`: definitions up to an EOF
 * - `fetch`: rows up to an EOF (COM_STMT_FETCH)
 * - `statistics`: one packet of plain text
 */
export type ResponseKind = 'query' | 'prepare' | 'simple' | 'field_list' | 'fetch' | 'statistics';

export type TerminalType = 'ok' | 'err' | 'eof' | 'result_end_ok';

export interface Terminal {
  readonly type: TerminalType;
  readonly payload: Buffer;
  /** With its header. A view into the chunk where the packet lay in one. */
  readonly raw: Buffer;
  readonly sequenceId: number;
  /** 0 for an ERR, which carries none. */
  readonly statusFlags: number;
  /** It ends the response: an ERR, or no more results follow. */
  readonly last: boolean;
  /** 0 for the first result of the response. */
  readonly resultIndex: number;
  /** Rows of the result that it closes; 0 for an OK or ERR. */
  readonly rows: number;
}

export interface ResponseSink {
  /** Bytes to forward unchanged: whole or partial packets, headers included, in order. */
  onData(bytes: Buffer): void;
  /** A whole OK, ERR or closing EOF, not yet forwarded. */
  onTerminal(terminal: Terminal): void;
  /** The server asks for a file of the client; `filename` is a binary string. Not forwarded. */
  onLocalInfile(raw: Buffer, filename: string): void;
  /** The EOF behind the definitions of a result, where it has one. Without this, it is data. */
  onDefinitionsEnd?(raw: Buffer): void;
  /** The first packet of a successful prepare; its bytes also go through `onData`. */
  onPrepareOk?(payload: Buffer): void;
}
