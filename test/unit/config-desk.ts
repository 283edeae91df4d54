import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { type ConfigSources, type LoadedConfig, loadConfig } from "../../src/config/load-config.ts";
import { messageOf } from "../../src/domain/errors.ts";

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

export const defaults: ConfigSources["defaults"] = {
  policy: {
    block: [{ virustotal: { malicious: 5 } }],
    hold: [{ abuseipdb: { score: 50 } }],
    aggregate: { ipv4Neighbours: null, ipv6Length: 128 },
    blockSeconds: 86_400,
    holdSeconds: 3600,
    graceSeconds: 60,
  },
  extract: { fields: ["src_ip"], otherFields: true, neverFields: ["dest*"], countFields: ["count"] },
};

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
      policyVersion: (policy) => JSON.stringify(policy),
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
