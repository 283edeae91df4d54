import { z } from "zod";
import type { ReceiverConfig } from "../config/load-receiver.ts";
import { AppError } from "../domain/errors.ts";
import { printable } from "../enforce/iptables-ssh/printable.ts";
import { type Answer, callReceiver, explain } from "./call-receiver.ts";
import type { Host } from "./host.ts";
import { localUrl } from "./urls.ts";

const Status = z.object({ mode: z.string() });
const Firewall = z.object({ enabled: z.boolean() });

/**
 * Passes when no receiver runs here, which it says, or when it leaves this firewall alone.
 * @throws {AppError} API_REFUSED when it would put back what is taken out there, or does not say
 */
export async function refuseWhileManaged(
  { err }: Pick<Host, "err">,
  config: ReceiverConfig,
  name: string,
): Promise<void> {
  const status = await ask(config, "/api/v1/status");
  const firewall = await ask(config, `/api/v1/firewalls/${name}`);
  if (status === null || firewall === null) {
    err(
      `no receiver answers at ${localUrl(config)}, so nothing there puts it back; one that runs elsewhere in mode enforce would\n`,
    );
    return;
  }
  if (firewall.status === 404) {
    return;
  }
  const { mode } = readAnswer(Status, status, name);
  const { enabled } = readAnswer(Firewall, firewall, name);
  if (mode === "enforce" && enabled) {
    throw refusal(
      `a running Portcullis manages ${name} in mode enforce and would put everything back. Set \`enabled: false\` for it in portcullis.yaml, restart Portcullis, and try again; or go on with --force`,
    );
  }
}

/** Null when nobody answers. */
async function ask(config: ReceiverConfig, path: string): Promise<Answer | null> {
  try {
    return await callReceiver(config, { method: "GET", path, asAdmin: true });
  } catch (error) {
    if (error instanceof AppError && error.code === "API_UNREACHABLE") {
      return null;
    }
    throw error;
  }
}

function readAnswer<T>(schema: z.ZodType<T>, answer: Answer, name: string): T {
  const read = schema.safeParse(answer.body);
  if (answer.status !== 200 || !read.success) {
    throw refusal(
      `can't tell whether the running Portcullis manages ${name} (${printable(explain(answer))}). Stop it, or go on with --force`,
    );
  }
  return read.data;
}

function refusal(message: string): AppError {
  return new AppError("API_REFUSED", message, { retryable: false });
}
