import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { type ConfigSources, type LoadedConfig, loadConfig } from "../../src/config/load-config.ts";
import { messageOf } from "../../src/domain/errors.ts";
import type { Condition, Rule } from "../../src/domain/policy.ts";

type Environment = Record<string, string | undefined>;

/** Loads configurations in an empty directory of their own. */
export interface ConfigDesk {
  readonly cwd: () => string;
  /** Writes a file there. @returns its absolute path */
  readonly put: (name: string, content: string) => string;
  readonly load: (env?: Environment, more?: Partial<ConfigSources>) => Promise<LoadedConfig>;
  /** Line by line; empty when the configuration is right. */
  readonly problemsOf: (env?: Environment) => Promise<readonly string[]>;
}

/** Asks for at least this number. */
export function least(provider: string, number: string, value: number): Condition {
  return { kind: "least", provider, number, least: value };
}

export function ruleOf(...conditions: readonly Condition[]): Rule {
  return { conditions, quorum: null, sightings: null };
}

export const defaults: ConfigSources["defaults"] = {
  policy: {
    block: [ruleOf(least("virustotal", "malicious", 5))],
    hold: [ruleOf(least("abuseipdb", "score", 50))],
    sightings: null,
    hints: {
      cdn: "hold",
      "search-engine": "hold",
      whitelisted: "hold",
      "business-service": "hold",
      "research-scanner": "hold",
      mobile: { atMostSeconds: 3600 },
      tor: { atMostSeconds: 3600 },
    },
    blockSeconds: [86_400, 604_800, 2_592_000],
    forgetSeconds: 2_592_000,
    aggregate: { ipv4Neighbours: null, ipv6Length: 128 },
    holdSeconds: 3600,
    graceSeconds: 60,
    unavailable: { action: "wait", seconds: 604_800 },
    staleSeconds: 0,
  },
  extract: {
    fields: ["src_ip"],
    otherFields: true,
    neverFields: ["dest*"],
    countFields: ["count"],
    severityFields: ["severity"],
  },
};

/** The policy itself as text: the same for the same policy. */
export const versionOf: ConfigSources["policyVersion"] = (policy) =>
  JSON.stringify(Object.fromEntries(Object.entries(policy).toSorted(([a], [b]) => (a < b ? -1 : 1))));

/** One desk for all tests of a file, emptied before each. */
export function createConfigDesk(): ConfigDesk {
  let cwd = "";
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), "portcullis-config-"));
  });
  afterEach(() => {
    rmSync(cwd, { recursive: true });
  });
  const load: ConfigDesk["load"] = (env = {}, more = {}) =>
    loadConfig({
      env,
      cwd,
      hostname: "fw-control.example.net",
      defaults,
      policyVersion: versionOf,
      ...more,
    });
  return {
    load,
    cwd: () => cwd,
    put(name, content) {
      const path = join(cwd, name);
      writeFileSync(path, content, { mode: 0o600 });
      return path;
    },
    async problemsOf(env) {
      const message = await load(env).then(() => "", messageOf);
      const lines = message === "" ? [] : message.split("\n");
      return lines.filter((line) => !line.startsWith("warning: "));
    },
  };
}
