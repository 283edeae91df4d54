import { createHash } from "node:crypto";

/** Names a provider's key without telling it: 12 hex digits of a SHA-256, or `keyless`. */
export function keyIdOf(provider: string, apiKey: string | null): string {
  return apiKey === null
    ? "keyless"
    : createHash("sha256").update(`${provider} ${apiKey}`).digest("hex").slice(0, 12);
}
