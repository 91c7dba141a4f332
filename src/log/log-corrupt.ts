import { LockstepError } from '../base/errors.ts';

/** A segment does not hold what was written to it. Names the file and the offset in bytes. */
export class LogCorrupt extends LockstepError {
  readonly file: string;
  readonly offset: number;
  readonly reason: string;

  constructor(file: string, offset: number, reason: string) {
    super('log_corrupt', `The command log is damaged: ${file}, offset ${offset}: ${reason}.`);
    this.name = 'LogCorrupt';
    this.file = file;
    this.offset = offset;
    this.reason = reason;
  }
}
