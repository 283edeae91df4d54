import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { AppError, messageOf } from "../domain/errors.ts";
import { callReceiver, explain } from "./call-receiver.ts";
import type { ExitCode, Host } from "./host.ts";
import { readReceiver } from "./read-receiver.ts";
import { replayStored } from "./replay-stored.ts";

/** What `portcullis alerts` shows; a file of this name is meant by `./al_…`. */
const storedId = /^al_[0-9a-f]{32}$/;

/**
 * Sends each file as Splunk would, and each stored alert that is named by its id as a new delivery, one after the other, and prints each
 * answer. Exit code 1 when a file was refused. @throws {AppError} CONFIG_INVALID, API_UNREACHABLE, API_REFUSED
 */
export async function replay(
  host: Host,
  files: readonly string[],
  options: { readonly url?: string; readonly newSid?: true },
): Promise<ExitCode> {
  const config = await readReceiver(host);
  let exitCode: ExitCode = 0;
  for (const file of files) {
    if (storedId.test(file)) {
      host.out(`${file}: ${JSON.stringify(await replayStored(config, file, options.url))}\n`);
      continue;
    }
    const body = await readPayload(host, file);
    const answer = await callReceiver(config, {
      method: "POST",
      path: `/webhooks/splunk/${config.webhookTokens[0] ?? ""}`,
      body: options.newSid === true ? withNewSid(body) : body,
      url: options.url,
      asAdmin: false,
    });
    if (answer.status === 202) {
      host.out(`${file}: ${JSON.stringify(answer.body)}\n`);
    } else {
      host.err(`${file}: refused: ${explain(answer)}\n`);
      exitCode = 1;
    }
  }
  return exitCode;
}

async function readPayload(host: Host, file: string): Promise<unknown> {
  try {
    return JSON.parse(file === "-" ? await text(host.stdin) : await readFile(file, "utf8"));
  } catch (error) {
    throw new AppError("CONFIG_INVALID", `${file} can't be read as JSON: ${messageOf(error)}`, {
      retryable: false,
    });
  }
}

function withNewSid(body: unknown): unknown {
  return typeof body === "object" && body !== null ? { ...body, sid: `replay_${crypto.randomUUID()}` } : body;
}
