/** An error that a database server answered with, passed on as it was. */
export class ServerError extends Error {
  readonly errno: number;
  readonly sqlState: string;

  constructor(error: { errno: number; sqlState: string; message: string }) {
    super(error.message);
    this.name = 'ServerError';
    this.errno = error.errno;
    this.sqlState = error.sqlState;
  }
}
