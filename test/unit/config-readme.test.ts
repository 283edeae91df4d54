import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { loadConfig } from "../../src/config/load-config.ts";
import { defaultPolicy } from "../../src/decide/default-policy.ts";
import { messageOf } from "../../src/domain/errors.ts";
import { policyVersion } from "../../src/decide/policy-version.ts";
import { defaultExtract } from "../../src/extract/default-extract.ts";

test("the settings file in the README is valid and shows the defaults", async () => {
  const dir = mkdtempSync(join(tmpdir(), "portcullis-readme-"));
  onTestFinished(() => {
    rmSync(dir, { recursive: true });
  });
  const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
  const samples = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, sample = ""]) => sample);
  const [sample = ""] = samples;
  // Its firewalls name files that are not here.
  const withoutFirewall = sample.replace(/firewalls:[\s\S]*/, "");
  const load = (file: string) => {
    writeFileSync(join(dir, "portcullis.yaml"), file);
    return loadConfig({
      // With all that its rules ask, and before its entries expire: so there is nothing to warn of.
      env: { VIRUSTOTAL_API_KEY: "key", ABUSEIPDB_API_KEY: "key", GREYNOISE_API_KEY: "key" },
      now: () => new Date("2026-11-20T12:00:00Z"),
      cwd: dir,
      hostname: "test",
      defaults: { policy: defaultPolicy, extract: defaultExtract },
      policyVersion,
      writeSecrets: false,
    });
  };

  const shown = await load(withoutFirewall);
  const plain = await load("");

  for (const each of samples) {
    const pinned = each.replaceAll("SHA256:…", `SHA256:${"A".repeat(43)}`);
    const problems = await load(pinned).then(() => "", messageOf);
    expect(
      problems.split("\n").filter((line) => line !== "" && !line.endsWith("no such file or directory")),
    ).toEqual([]);
  }
  expect(withoutFirewall).toContain("policy:");
  for (const part of [
    "policy",
    "extract",
    "findings",
    "limits",
    "lists",
    "protection",
    "recovery",
    "receiver",
  ] as const) {
    expect(shown.config[part]).toEqual(plain.config[part]);
  }
});
