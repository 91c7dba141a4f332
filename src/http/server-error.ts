/** An error that a database server answered with, passed on as it was. */
export class ServerError extends Error {
  readonly errno: number;
  readonly sqlState: string;
  /** Where in the statement, in characters from its start, when that can be told. */
  readonly position: number | undefined;

  constructor(error: { errno: number; sqlState: string; message: string; position?: number }) {
    super(error.message);
    this.name = 'ServerError';
    this.errno = error.errno;
    this.sqlState = error.sqlState;
    this.position = error.position;
  }
}
