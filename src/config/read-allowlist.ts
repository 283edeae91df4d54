import type { AllowEntry } from "../domain/allow-entry.ts";
import { lengthOf } from "../domain/ip-address.ts";
import { AllowItem } from "./file-schema.ts";
import type { SettingReader } from "./setting-reader.ts";
import type { SettingsFile } from "./settings-file.ts";
import { listOf, Prefix } from "./shapes.ts";

/** The networks of ALLOWLIST, then those of the file. One that has expired has no effect, and is told. */
export function readAllowlist(
  reader: SettingReader,
  file: SettingsFile,
  { now, warn }: { readonly now: Date; readonly warn: (line: string) => void },
): readonly AllowEntry[] {
  const fromEnvironment = (reader.read("ALLOWLIST", listOf(Prefix)) ?? []).map((network) => ({
    entry: entryOf("ALLOWLIST", { network }, now),
    where: "ALLOWLIST",
  }));
  const fromFile = file.items("allowlist", AllowItem).map(({ item, index, where }) => ({
    entry: entryOf(`file:${where}`, item, now),
    where: file.where(["allowlist", index]),
  }));
  const standing = [...fromEnvironment, ...fromFile].filter(({ entry: { expiresAt }, where }) => {
    const hasExpired = expiresAt !== null && expiresAt <= now;
    if (hasExpired) {
      warn(`${where}: expired at ${expiresAt.toISOString()} and has no effect any more`);
    }
    return !hasExpired;
  });
  for (const { entry, where } of standing) {
    if (lengthOf(entry.prefix) === 0) {
      warn(
        `${where}: holds every address of its family, so none of them can be blocked, and every block of them that stands is lifted at the start`,
      );
    }
  }
  return withoutRepeats(standing.map(({ entry }) => entry));
}

function entryOf(
  id: string,
  { network, reason = "", owner = "", expires }: AllowItem,
  now: Date,
): AllowEntry {
  const about = { prefix: network, reason, owner };
  return { id, ...about, actor: "settings", createdAt: now, expiresAt: expires ?? null };
}

/** Without those that say nothing that an earlier one does not. */
function withoutRepeats(entries: readonly AllowEntry[]): readonly AllowEntry[] {
  const seen = new Set<string>();
  return entries.filter(({ prefix, reason, owner, expiresAt }) => {
    const text = JSON.stringify([prefix, reason, owner, expiresAt]);
    const isNew = !seen.has(text);
    seen.add(text);
    return isNew;
  });
}
