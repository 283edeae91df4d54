import { spawnSync } from "node:child_process";

/** Null, or why tests that need these programs are skipped, loudly. Throws where PORTCULLIS_REQUIRE_SYSTEM=1 forbids to skip them. */
export function missingPrograms(...programs: readonly string[]): string | null {
  const missing = programs.filter((program) => spawnSync(program, ["--version"]).error !== undefined);
  if (missing.length === 0) {
    return null;
  }
  const reason = `needs ${missing.join(", ")}`;
  if (process.env["PORTCULLIS_REQUIRE_SYSTEM"] === "1") {
    throw new Error(`PORTCULLIS_REQUIRE_SYSTEM=1, but this machine ${reason}`);
  }
  console.warn(`tests of the Splunk app's pages are skipped: this machine ${reason}`);
  return reason;
}
