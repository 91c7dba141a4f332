import { LockstepError } from '../base/errors.ts';
import type { LoadFile } from '../log/load-file.ts';
import type { LoadFileWriter } from '../log/load-file-writer.ts';
import type { Infile } from '../nodes/infile.ts';
import type { ClientFile } from './client-file.ts';
import type { SessionCore } from './session-core.ts';

/**
 * Takes a client's file to the disk, as fast as that is. The whole of it is read in any case: an
 * answer may only follow it.
 */
export async function receiveFile(core: SessionCore, file: ClientFile): Promise<LoadFile> {
  let writer: LoadFileWriter | undefined;
  try {
    writer = await core.context.files.begin();
    for (let bytes = await file.next(); bytes; bytes = await file.next()) {
      core.running.check();
      checkSize(core, writer.bytes + bytes.length);
      await writer.write(bytes);
    }
    return await writer.finish();
  } catch (error) {
    // What cannot be removed now goes at the next start.
    await writer?.discard().catch(() => undefined);
    await file.drain();
    throw error;
  }
}

function checkSize(core: SessionCore, bytes: number): void {
  const { loadDataBytes } = core.context.config.limits;
  if (bytes <= loadDataBytes) return;
  throw new LockstepError(
    'file_too_large',
    `the file has more than ${loadDataBytes} bytes (limits.load_data_bytes); nothing was loaded`,
  );
}

/** What was received, as often as a node asks for it. */
export const infileOf = (core: SessionCore, file: LoadFile): Infile => ({
  read: () => core.context.files.read(file),
});
