import { resolve } from "node:path";
import type { Config } from "./config.ts";
import type { SettingReader } from "./setting-reader.ts";
import { Host, matching, wholeNumber } from "./shapes.ts";

/** Where the receiver listens, and where it keeps what it makes up. */
export function readListening(reader: SettingReader, cwd: string): Pick<Config, "dataDir" | "host" | "port"> {
  return {
    dataDir: resolve(cwd, reader.read("DATA_DIR", matching("a directory's path", /^[^\0\r\n]+$/)) ?? "data"),
    host: reader.read("HOST", Host) ?? "0.0.0.0",
    // 0: the system chooses a free one.
    port: reader.read("PORT", wholeNumber(0, 65_535)) ?? 8080,
  };
}
