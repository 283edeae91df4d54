import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";

const root = join(import.meta.dirname, "../..");

/** What splunkd passes to a persistent handler. */
export interface HandlerRequest {
  readonly method: string;
  readonly query: readonly (readonly [string, string])[];
  readonly form: readonly (readonly [string, string])[];
  readonly session: { readonly user: string; readonly authtoken: string };
  readonly system_authtoken: string;
  readonly server: { readonly rest_uri: string };
}

export interface HandlerAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
  /** What it wrote to standard error, which Splunk puts into splunkd.log. */
  readonly log: string;
}

/** Runs one of the app's REST handlers with this machine's Python. @param handler as restmap.conf names it */
export async function callHandler(
  handler: string,
  request: HandlerRequest | string,
  env: Readonly<Record<string, string>> = {},
): Promise<HandlerAnswer> {
  const child = spawn(
    "/usr/bin/python3",
    [join(root, "test/fakes/splunk-python/run_handler.py"), join(root, "splunk-app/bin"), handler],
    { env: { PATH: process.env["PATH"] ?? "", PYTHONDONTWRITEBYTECODE: "1", ...env } },
  );
  const log = text(child.stderr);
  const answer = text(child.stdout);
  child.stdin.end(typeof request === "string" ? request : JSON.stringify(request));
  const told: unknown = JSON.parse((await answer) || JSON.stringify(await log));
  if (typeof told !== "object" || told === null || !("payload" in told)) {
    throw new Error(`the handler did not answer: ${String(told)}`);
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the handler answers is what tests look at
  return { ...(told as Omit<HandlerAnswer, "log">), log: await log };
}
