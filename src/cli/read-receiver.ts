import { loadReceiverConfig, type ReceiverConfig } from "../config/load-receiver.ts";
import { createProblems } from "../config/problems.ts";
import { createSettingReader } from "../config/setting-reader.ts";
import { BearerToken } from "../config/shapes.ts";
import { AppError } from "../domain/errors.ts";
import type { Host } from "./host.ts";
import { readConfig } from "./read-config.ts";

/**
 * What a command needs that only talks to the running receiver; with PORTCULLIS_TOKEN that one instead of the first administrator's.
 * Mistakes in other settings are told as warnings: a person must be able to unblock an address though portcullis.yaml is half edited.
 * @throws {AppError} CONFIG_INVALID with every problem of the settings that it does need
 */
export async function readReceiver(host: Host): Promise<ReceiverConfig> {
  const token = readToken(host);
  const config = await readTolerantly(host);
  return token === undefined ? config : { ...config, adminToken: token };
}

async function readTolerantly(host: Host): Promise<ReceiverConfig> {
  try {
    return await readConfig(host, { writeSecrets: false });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "CONFIG_INVALID") {
      throw error;
    }
    const config = loadReceiverConfig({ env: host.env, cwd: host.cwd });
    for (const line of error.message.split("\n")) {
      host.err(`warning: ${line.replace(/^warning: /, "")}\n`);
    }
    return config;
  }
}

function readToken({ env, cwd }: Host): string | undefined {
  const problems = createProblems();
  const token = createSettingReader(env, cwd, problems).secret("PORTCULLIS_TOKEN", BearerToken);
  problems.throwIfAny([]);
  return token;
}
