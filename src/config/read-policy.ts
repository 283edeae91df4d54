import type { Aggregate, Policy } from "../domain/policy.ts";
import type { ExtractConfig } from "./config.ts";
import { ExtractSection, PolicySection } from "./file-schema.ts";
import type { SettingsFile } from "./settings-file.ts";

/** A policy before its version is reckoned. */
export type UnversionedPolicy = Omit<Policy, "version">;

/** The file's rules and durations; each that it does not name keeps its default. */
export function readPolicy(
  file: SettingsFile,
  defaults: UnversionedPolicy,
  versionOf: (policy: UnversionedPolicy) => string,
): Policy {
  const section = file.section("policy", PolicySection) ?? {};
  const policy = {
    block: section.block ?? defaults.block,
    hold: section.hold ?? defaults.hold,
    aggregate: readAggregate(section.aggregate ?? {}, defaults.aggregate),
    blockSeconds: section.duration ?? defaults.blockSeconds,
    holdSeconds: section.holdFor ?? defaults.holdSeconds,
    graceSeconds: section.grace ?? defaults.graceSeconds,
  };
  return { ...policy, version: versionOf(policy) };
}

function readAggregate(
  { ipv4Neighbours, ipv6 }: NonNullable<PolicySection["aggregate"]>,
  defaults: Aggregate,
): Aggregate {
  return {
    ipv4Neighbours: ipv4Neighbours ?? defaults.ipv4Neighbours,
    ipv6Length: ipv6 ?? defaults.ipv6Length,
  };
}

/** Where addresses are looked for; each list that the file does not name keeps its default. */
export function readExtract(file: SettingsFile, defaults: ExtractConfig): ExtractConfig {
  const section = file.section("extract", ExtractSection) ?? {};
  return {
    fields: section.fields ?? defaults.fields,
    otherFields: section.otherFields ?? defaults.otherFields,
    neverFields: section.neverFields ?? defaults.neverFields,
    countFields: section.countFields ?? defaults.countFields,
  };
}
