import { z } from "zod";
import { AppError } from "../domain/errors.ts";
import { callReceiver, explain } from "./call-receiver.ts";
import type { ExitCode, Host } from "./host.ts";
import { readConfig } from "./read-config.ts";

const Answer = z.object({
  version: z.string(),
  mode: z.string(),
  startedAt: z.string(),
  counts: z.record(z.string(), z.union([z.number(), z.record(z.string(), z.number())])),
  firewalls: z.array(
    z.object({ name: z.string(), state: z.string(), error: z.string().nullable(), checkedAt: z.string() }),
  ),
  troubles: z.array(z.string()),
});

/** Prints how the receiver is doing. @throws {AppError} API_UNREACHABLE, API_REFUSED */
export async function status(
  host: Host,
  options: { readonly json?: true; readonly url?: string },
): Promise<ExitCode> {
  const config = await readConfig(host);
  const answer = await callReceiver(config, {
    method: "GET",
    path: "/api/v1/status",
    url: options.url,
    asAdmin: true,
  });
  if (answer.status !== 200) {
    throw new AppError("API_REFUSED", explain(answer), { retryable: false });
  }
  const report = Answer.parse(answer.body);
  host.out(options.json === true ? `${JSON.stringify(answer.body, null, 2)}\n` : format(report));
  return report.troubles.length === 0 ? 0 : 1;
}

function format({ version, mode, startedAt, counts, firewalls, troubles }: z.infer<typeof Answer>): string {
  const rows: (readonly [string, string])[] = [
    ["Portcullis", `${version}, mode ${mode}, running since ${startedAt}`],
    ...Object.entries(counts).map(
      ([name, count]) => [words(name), typeof count === "number" ? String(count) : listed(count)] as const,
    ),
    ...firewalls.map(
      ({ name, state, error, checkedAt }) =>
        [`firewall ${name}`, `${state} at ${checkedAt}${error === null ? "" : `: ${error}`}`] as const,
    ),
    ...troubles.map((trouble) => ["trouble", trouble] as const),
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `${label.padEnd(width)}  ${value}\n`).join("");
}

/** `blocksStanding` → `blocks standing`. */
function words(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function listed(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  return parts.length === 0 ? "none" : parts.join(", ");
}
