import { LockstepError } from '../base/errors.ts';

/** Written by a newer Lockstep than this one: nothing is wrong with it, and nothing is touched. */
export class LogTooNew extends LockstepError {
  constructor(place: string, versions: { readonly found: number; readonly known: number }) {
    super(
      'log_too_new',
      `The command log was written by a newer version of Lockstep: ${place} has format ` +
        `${versions.found}, this version reads up to ${versions.known}.`,
    );
    this.name = 'LogTooNew';
  }
}
