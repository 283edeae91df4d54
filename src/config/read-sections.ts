/** Sections of `portcullis.yaml` that stand alone: each thing that one does not name keeps its default. */
import type * as z from "zod";
import type { BlastLimits } from "../domain/policy.ts";
import type { Config, ExtractConfig, ReceiverRates } from "./config.ts";
import { ExtractSection, FindingsSection, ProtectionSection, ReceiverSection } from "./file-schema.ts";
import { type Limits, LimitsSection } from "./policy-schema.ts";
import type { SettingsFile } from "./settings-file.ts";

/** Where addresses, numbers of events and severities are looked for. */
export function readExtract(file: SettingsFile, defaults: ExtractConfig): ExtractConfig {
  return { ...defaults, ...named(file.section("extract", ExtractSection) ?? {}) };
}

/** How long findings are used again, in seconds. */
export function readFindings(file: SettingsFile, defaults: Config["findings"]): Config["findings"] {
  const { keep, keepUnknown, keepFailed } = file.section("findings", FindingsSection) ?? {};
  const known = keep ?? defaults.known;
  return {
    known,
    // What nobody knew may be reported soon, so it is kept no longer than what is known.
    unknown: keepUnknown ?? Math.min(known, defaults.unknown),
    failed: keepFailed ?? Math.min(known, defaults.failed),
  };
}

/** Most new blocks. */
export function readLimits(file: SettingsFile): BlastLimits {
  const section: Limits = file.section("limits", LimitsSection) ?? {};
  return { ...usualLimits, ...named(section) };
}

const usualLimits: BlastLimits = {
  perMinute: 100,
  perHour: 500,
  perSearch: 250,
  perNetwork: 100,
  perAs: 200,
  active: 200_000,
};

/** What one sender may send. What is refused is lost for Splunk's stock webhook, so only one gone mad should meet it. */
export function readReceiver(file: SettingsFile): ReceiverRates {
  const section: z.infer<typeof ReceiverSection> = file.section("receiver", ReceiverSection) ?? {};
  return { perSource: 1_000_000, perToken: 2_000_000, ...named(section) };
}

/** Who else is never blocked. */
export function readProtection(file: SettingsFile): Config["protection"] {
  const section = file.section("protection", ProtectionSection) ?? {};
  return {
    crawlers: [...new Set(section.crawlers ?? (["googlebot", "bingbot"] as const))],
    cdns: [...new Set(section.cdns)],
    refreshCdns: section.refreshCdns ?? true,
  };
}

type Named<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without keys that hold nothing: they would hide a default. */
function named<T extends object>(section: T): Named<T> {
  const entries = Object.entries(section).filter(([, value]) => value !== undefined);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the same object with fewer keys
  return Object.fromEntries(entries) as Named<T>;
}
