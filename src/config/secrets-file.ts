import { randomBytes } from "node:crypto";
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join } from "node:path";
import * as z from "zod";
import { syncDirectory, writeThrough } from "./durable-file.ts";
import type { Problems } from "./problems.ts";
import { reasonOf } from "./setting-reader.ts";
import { BearerToken, SigningSecret, UrlToken } from "./shapes.ts";

/** The secrets that are made when nobody sets them. */
const GeneratedSecrets = z.object({
  WEBHOOK_TOKEN: UrlToken,
  WEBHOOK_SIGNING_SECRET: SigningSecret,
  ADMIN_TOKEN: BearerToken,
});
export type GeneratedSecrets = z.infer<typeof GeneratedSecrets>;

/** 256 bits each. */
export function generateSecrets(): GeneratedSecrets {
  return {
    WEBHOOK_TOKEN: randomBytes(32).toString("base64url"),
    WEBHOOK_SIGNING_SECRET: `whsec_${randomBytes(32).toString("base64")}`,
    ADMIN_TOKEN: randomBytes(32).toString("base64url"),
  };
}

/**
 * The secrets of an earlier start; undefined when there are none yet, and then it is a problem when none can be kept.
 * A file that others can read is made private, with a warning.
 */
export function readSecrets(
  dataDir: string,
  problems: Problems,
  warn: (line: string) => void,
): GeneratedSecrets | undefined {
  const path = join(dataDir, "secrets.json");
  try {
    if (!existsSync(path)) {
      // With the slash, a file in the directory's place is told as such.
      accessSync(`${nearestDirectory(dataDir)}/`, constants.W_OK | constants.X_OK);
      return undefined;
    }
    if ((statSync(path).mode & 0o077) !== 0) {
      chmodSync(path, 0o600);
      warn(
        "DATA_DIR: secrets.json could be read by other users; it is private again, but consider its secrets known",
      );
    }
    const secrets = GeneratedSecrets.safeParse(parseJson(readFileSync(path, "utf8")));
    if (!secrets.success) {
      problems.add(
        "DATA_DIR",
        "secrets.json in it is broken; restore it, or remove it to have new secrets generated",
      );
    }
    return secrets.data;
  } catch (error) {
    problems.add("DATA_DIR", `${unusable}: ${reasonOf(error)}`);
    return undefined;
  }
}

/**
 * Keeps the secrets, on disk when it returns, unless another process was first: then that one's are returned.
 * The file is there complete or not at all.
 */
export function keepSecrets(
  secrets: GeneratedSecrets,
  dataDir: string,
  problems: Problems,
): GeneratedSecrets {
  const path = join(dataDir, "secrets.json");
  const draft = join(dataDir, `.secrets-${randomBytes(8).toString("hex")}.tmp`);
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    writeThrough(draft, `${JSON.stringify(secrets, null, 2)}\n`);
    // A link, unlike a rename, never replaces what another process has put there in the meantime.
    linkSync(draft, path);
    syncDirectory(dataDir);
    return secrets;
  } catch (error) {
    if (existsSync(path)) {
      return readSecrets(dataDir, problems, () => undefined) ?? secrets;
    }
    problems.add("DATA_DIR", `${unusable}: ${reasonOf(error)}`);
    return secrets;
  } finally {
    removeIfThere(draft);
  }
}

const unusable =
  "generated secrets can't be kept there (or set WEBHOOK_TOKEN, WEBHOOK_SIGNING_SECRET and ADMIN_TOKEN yourself)";

function removeIfThere(path: string): void {
  if (existsSync(path)) {
    rmSync(path);
  }
}

function nearestDirectory(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestDirectory(dirname(path));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
