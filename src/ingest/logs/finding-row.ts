import type { LogFinding } from "./count-window.ts";
import type { LogKind } from "./log-event.ts";

/** What people call it. */
export const kindWords: Readonly<Record<LogKind, string>> = {
  "failed-login": "failed logins",
  "web-attack": "web attacks",
  request: "request flood",
};

/**
 * A finding as a row of an alert. What an attacker has chosen stands in `user`, a field in which no address is ever looked for: else he could name
 * somebody else's there.
 */
export function findingRow(finding: LogFinding): Readonly<Record<string, string | readonly string[]>> {
  const { ip, kind, count, firstMs, lastMs, names } = finding;
  return {
    src_ip: ip,
    count: String(count),
    first: new Date(firstMs).toISOString(),
    last: new Date(lastMs).toISOString(),
    kind,
    ...(names.length === 0 ? {} : { [kind === "web-attack" ? "attack" : "user"]: names }),
  };
}
