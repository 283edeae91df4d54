import type { FileHandle } from "node:fs/promises";

const chunkBytes = 128 * 1024;

/**
 * The bytes of a file from its beginning, or from where a pipe stands. The next chunk is read while one is worked on; a chunk is good only
 * until the next one is asked for.
 */
export async function* readChunks(handle: FileHandle, signal: AbortSignal): AsyncGenerator<Buffer> {
  const [first, second] = [Buffer.allocUnsafe(chunkBytes), Buffer.allocUnsafe(chunkBytes)];
  let reading = handle.read(first, 0, chunkBytes, null);
  let other = second;
  try {
    for (;;) {
      const { bytesRead, buffer } = await reading;
      if (bytesRead === 0 || signal.aborted) {
        return;
      }
      reading = handle.read(other, 0, chunkBytes, null);
      other = buffer;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    // The handle is about to be closed by who opened it.
    await reading.catch(() => undefined);
  }
}
