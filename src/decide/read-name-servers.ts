import { hasCode } from "./has-code.ts";

/** The second one names those that a resolver on this machine itself asks. Sources: resolv.conf(5), systemd-resolved.service(8). */
const files = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];

/**
 * The name servers that this machine is told to ask, as they are now.
 * @param readText the text of a file; throws when there is none
 */
export function readNameServers(readText: (path: string) => string): readonly string[] {
  const servers = files.flatMap((path) =>
    linesOf(readText, path).flatMap((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? []),
  );
  return [...new Set(servers)];
}

function linesOf(readText: (path: string) => string, path: string): readonly string[] {
  try {
    return readText(path).split("\n");
  } catch (error) {
    if (hasCode(error, ["ENOENT", "EACCES"])) {
      return [];
    }
    throw error;
  }
}
