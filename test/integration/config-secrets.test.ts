import { execFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createProblems } from "../../src/config/problems.ts";
import { generateSecrets, keepSecrets } from "../../src/config/secrets-file.ts";
import { type ConfigSources, loadConfig } from "../../src/config/load-config.ts";
import { defaults } from "../unit/config-desk.ts";

let cwd: string;

beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "portcullis-secrets-"));
});

afterEach(() => {
  rmSync(cwd, { recursive: true });
});

function load(env: Record<string, string> = {}, more: Partial<ConfigSources> = {}) {
  return loadConfig({
    env,
    cwd,
    hostname: "host",
    defaults,
    policyVersion: () => "sha256:0",
    ...more,
  });
}

const secretsFile = (): string => join(cwd, "data", "secrets.json");

describe("generated secrets", () => {
  test("are kept for nobody else, and read again at later starts", async () => {
    const first = await load();
    const second = await load();

    expect(first.config.generatedSecrets).toEqual(["WEBHOOK_TOKEN", "WEBHOOK_SIGNING_SECRET", "ADMIN_TOKEN"]);
    expect(first.config.webhookTokens[0]).toMatch(/^[\w-]{43}$/);
    expect(first.config.webhookSigningSecrets[0]).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(first.config.adminToken).toMatch(/^[\w-]{43}$/);
    expect(second.config).toEqual({ ...first.config, generatedSecrets: [] });
    expect(statSync(secretsFile()).mode & 0o777).toBe(0o600);
    expect(statSync(join(cwd, "data")).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(cwd, "data"))).toEqual(["secrets.json"]);
  });

  test("stand behind those that are set", async () => {
    const { config } = await load({ WEBHOOK_TOKEN: "0123456789abcdef" });

    expect(config.webhookTokens).toEqual(["0123456789abcdef"]);
    expect(config.generatedSecrets).toEqual(["WEBHOOK_SIGNING_SECRET", "ADMIN_TOKEN"]);
  });

  test("are not needed when all three are set", async () => {
    await load({
      WEBHOOK_TOKEN: "0123456789abcdef",
      ADMIN_TOKEN: "fedcba9876543210",
      WEBHOOK_SIGNING_SECRET: `whsec_${Buffer.alloc(24).toString("base64")}`,
    });

    expect(existsSync(join(cwd, "data"))).toBe(false);
  });

  test("are not written while anything else is wrong", async () => {
    await expect(load({ PORT: "x" })).rejects.toMatchObject({ code: "CONFIG_INVALID" });

    expect(existsSync(join(cwd, "data"))).toBe(false);
  });

  test("are not written on request, and nobody can guess those that stand in for them", async () => {
    const one = await load({}, { writeSecrets: false });
    const other = await load({}, { writeSecrets: false });

    expect(existsSync(join(cwd, "data"))).toBe(false);
    expect(one.config.adminToken).toHaveLength(43);
    expect(one.config.adminToken).not.toBe(other.config.adminToken);
  });
});

test("a secrets file that others can read is made private, with a warning", async () => {
  const first = await load();
  chmodSync(secretsFile(), 0o644);

  const second = await load();

  expect(second.warnings).toEqual([
    expect.stringMatching(/^DATA_DIR: secrets.json could be read by other users/),
  ]);
  expect(second.config.adminToken).toBe(first.config.adminToken);
  expect(statSync(secretsFile()).mode & 0o777).toBe(0o600);
});

test.each([
  "",
  "{",
  "null",
  "[]",
  '{"WEBHOOK_TOKEN":"0123456789abcdef"}',
  '{"WEBHOOK_TOKEN":1,"ADMIN_TOKEN":2,"WEBHOOK_SIGNING_SECRET":3}',
])("a broken secrets file (%j) is told and left alone", async (content) => {
  await load();
  writeFileSync(secretsFile(), content);

  await expect(load()).rejects.toThrow(
    "DATA_DIR: secrets.json in it is broken; restore it, or remove it to have new secrets generated",
  );
  expect(readFileSync(secretsFile(), "utf8")).toBe(content);
});

test("a DATA_DIR that can't be is told, with what to do", async () => {
  writeFileSync(join(cwd, "file"), "");

  await expect(load({ DATA_DIR: "file/data" })).rejects.toThrow(
    /^DATA_DIR: generated secrets can't be kept there \(or set WEBHOOK_TOKEN, .* yourself\): a part of the path is not a directory$/,
  );
});

test("secrets that another process has kept in the meantime are not replaced", () => {
  const [ours, theirs] = [generateSecrets(), generateSecrets()];
  const problems = createProblems();

  const first = keepSecrets(theirs, join(cwd, "data"), problems);
  const second = keepSecrets(ours, join(cwd, "data"), problems);

  expect([first, second]).toEqual([theirs, theirs]);
  expect(problems.any).toBe(false);
});

test("processes that start at once have the same secrets, and one of them shows them", async () => {
  const script = `
    const { loadConfig } = await import(${JSON.stringify(import.meta.resolve("../../src/config/load-config.ts"))});
    const { config } = await loadConfig({
      env: {}, cwd: ${JSON.stringify(cwd)}, hostname: "h", policyVersion: () => "v",
      defaults: ${JSON.stringify(defaults)},
    });
    console.log(JSON.stringify([config.webhookTokens, config.webhookSigningSecrets, config.adminToken, config.generatedSecrets.length]));
  `;
  const run = promisify(execFile);

  const outputs = await Promise.all(
    Array.from({ length: 6 }, () => run(process.execPath, ["--input-type=module", "-e", script])),
  );

  const answers = outputs.map(({ stdout }) => stdout.trim().replace(/,\d+\]$/, ""));
  expect(new Set(answers).size).toBe(1);
  expect(outputs.filter(({ stdout }) => stdout.trim().endsWith(",3]"))).toHaveLength(1);
  expect(readdirSync(join(cwd, "data"))).toEqual(["secrets.json"]);
});
