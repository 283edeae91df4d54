import { closeSync, existsSync, openSync } from "node:fs";

/** Makes an empty file that only its owner can read; leaves one that exists as it is. */
export function createPrivateFile(path: string): void {
  // Closing any handle of a file ends every POSIX lock that this process has on it: one that exists is never opened here.
  if (!existsSync(path)) {
    closeSync(openSync(path, "a", 0o600));
  }
}
