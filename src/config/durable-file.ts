import { closeSync, fsyncSync, openSync, writeFileSync } from "node:fs";

/** Writes a new file (0600) to disk. @throws when it exists, or can't be written whole */
export function writeThrough(path: string, text: string): void {
  const file = openSync(path, "wx", 0o600);
  try {
    // Unlike writeSync, it goes on after a short write, and so meets the error of a full disk.
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** So that the names in it survive a power loss. */
export function syncDirectory(path: string): void {
  const directory = openSync(path, "r");
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
