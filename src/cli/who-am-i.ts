import { cleanText } from "../domain/clean-text.ts";
import type { Host } from "./host.ts";

/** For the record: who asked. `alice@soc1`, at most 150 characters. */
export function whoAmI({ env, hostname }: Pick<Host, "env" | "hostname">): string {
  const user = env["SUDO_USER"] ?? env["USER"] ?? env["LOGNAME"] ?? "somebody";
  return cleanText(`${user}@${hostname}`, 150);
}
