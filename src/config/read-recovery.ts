import type { Config } from "./config.ts";
import { SplunkSection } from "./file-schema.ts";
import type { Problems } from "./problems.ts";
import type { SettingsFile } from "./settings-file.ts";

const usualCatchUpSeconds = 300;

/** What Splunk is asked about alerts. */
export function readRecovery(
  file: SettingsFile,
  splunk: Config["splunk"],
  problems: Problems,
): Config["recovery"] {
  const section = file.section("splunk", SplunkSection) ?? {};
  const requireGenuine = section.requireGenuine ?? false;
  if (requireGenuine && splunk === null) {
    problems.add(
      file.where(["splunk", "requireGenuine"]),
      "only Splunk's API can confirm alerts: set SPLUNK_HOST, and SPLUNK_TOKEN or SPLUNK_USER and SPLUNK_PASSWORD",
    );
  }
  return { requireGenuine, catchUpSeconds: section.catchUpEvery ?? usualCatchUpSeconds };
}
