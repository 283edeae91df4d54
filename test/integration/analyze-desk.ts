import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { z } from "zod";
import type { AlertIntake } from "../fakes/alert-intake.ts";
import { temporaryDir } from "./run-app.ts";
import { runCommand, startCommand } from "./run-command.ts";

/** A line of sshd. */
export const failed = (second: number, ip: string, user = "root"): string =>
  `2024-05-01T12:00:${String(second).padStart(2, "0")}Z web1 sshd[${second + 1}]: Failed password for ${user} from ${ip} port 40022 ssh2\n`;
/** So many failures, one a second. */
export const attack = (ip: string, times = 5, user = "root"): string =>
  Array.from({ length: times }, (_, second) => failed(second, ip, user)).join("");
/** A line that tells of no failure. */
export const fine =
  "2024-05-01T12:00:00Z web1 CRON[1]: pam_unix(cron:session): session closed for user root\n";

/** Logs in a folder of their own, and the command there. @param intake whose token it has */
export function analyzeDesk(files: Readonly<Record<string, string | Buffer>> = {}, intake?: AlertIntake) {
  const dir = temporaryDir();
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(dir, name), content);
  }
  const env = { DATA_DIR: dir, ...(intake === undefined ? {} : { PORTCULLIS_TOKEN: intake.token }) };
  const never = new AbortController().signal;
  return {
    dir,
    env,
    path: (name: string) => join(dir, name),
    analyze: (...args: readonly string[]) => runCommand(["analyze", ...args], env),
    piped: (stdin: string, ...args: readonly string[]) => runCommand(["analyze", ...args], env, never, stdin),
    withSettings: (more: Readonly<Record<string, string>>, ...args: readonly string[]) =>
      runCommand(["analyze", ...args], { ...env, ...more }),
    follow: (...args: readonly string[]) => {
      const stop = new AbortController();
      const command = startCommand(["analyze", "--follow", ...args], env, stop.signal);
      onTestFinished(async () => {
        stop.abort();
        await command.result;
      });
      return { ...command, stop: () => stop.abort() };
    },
  };
}

const Found = z.object({
  logs: z.array(
    z.object({
      name: z.string(),
      format: z.string(),
      lines: z.number(),
      events: z.number(),
      fault: z.string().nullable(),
    }),
  ),
  findings: z.array(
    z.object({ address: z.string(), kind: z.string(), count: z.number(), names: z.array(z.string()) }),
  ),
  addressesBelow: z.number(),
  sent: z.array(z.object({ status: z.string() })).nullable(),
});
/** The answer as JSON. */
export const found = (out: string) => Found.parse(JSON.parse(out));
