import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Problems } from "./problems.ts";
import { reasonOf } from "./setting-reader.ts";

/** Below DATA_DIR: the host keys that a person has confirmed by `portcullis firewall trust`. */
export const trustedKeysFile = "known_hosts";

/** Its text; null when nobody has confirmed a key yet. */
export function readTrustedKeys(dataDir: string, problems: Problems): string | null {
  try {
    return readFileSync(join(dataDir, trustedKeysFile), "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    // What else is wrong with the directory is told by those who need it.
    if (code !== "ENOENT" && code !== "ENOTDIR") {
      problems.add("DATA_DIR", `its file ${trustedKeysFile} can't be read: ${reasonOf(error)}`);
    }
    return null;
  }
}
