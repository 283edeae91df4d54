import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { eventually } from "../fakes/eventually.ts";
import { startApi } from "./api-desk.ts";
import { temporaryDir } from "./run-app.ts";
import { runCommand } from "./run-command.ts";

const attacker = "203.0.113.45";

describe("exit code 2 is for a host that can't be reached:", () => {
  const dir = temporaryDir();
  const env = { DATA_DIR: dir, SSH_USER: "root", SSH_PASSWORD: "x", SSH_PORT: "1", PORT: "1" };

  test.each([
    ["audit", "127.0.0.1"],
    ["firewall", "check", "127.0.0.1"],
    ["firewall", "probe", "127.0.0.1"],
    ["status"],
    ["healthcheck"],
  ])("%s %s %s", async (...args) => {
    const { exitCode } = await runCommand(
      args.filter((arg) => typeof arg === "string"),
      { ...env, SSH_HOST: "127.0.0.1" },
    );

    expect(exitCode).toBe(2);
  });

  test.each([["--help"], ["audit", "--help"], ["firewall", "check", "--help"]])(
    "%s %s %s says so",
    async (...args) => {
      const { out } = await runCommand(
        args.filter((arg) => typeof arg === "string"),
        {},
      );

      expect(out).toContain("2 the receiver, Splunk or the firewall host can't be reached");
    },
  );
});

describe("with a broken portcullis.yaml", () => {
  test.each([["unblock", attacker], ["status"], ["blocks"], ["blocks", attacker]])(
    "%s %s works all the same, and warns",
    async (...args) => {
      const { app, adminToken, block, firewall } = await startApi();
      await block(attacker);
      await eventually("the block", () => firewall.entries.size === 1);
      const dir = temporaryDir();
      writeFileSync(join(dir, "portcullis.yaml"), "firewalls: [{ name: edge-1, hots: x }]\npolicy: 5\n");
      const { port } = new URL(app.url());

      const { exitCode, err } = await runCommand(args, {
        DATA_DIR: dir,
        HOST: "127.0.0.1",
        PORT: port,
        ADMIN_TOKEN: adminToken,
        ALLOWLIST: "nonsense",
      });

      expect(exitCode).toBe(0);
      expect(err).toMatch(/^warning: portcullis\.yaml:1:\d+: .*did you mean host\?$/m);
      expect(err).toMatch(/^warning: ALLOWLIST: /m);
      expect(err.split("\n").every((line) => line === "" || line.startsWith("warning: "))).toBe(true);
    },
  );

  test("healthcheck and replay too; what they need themselves is still asked for", async () => {
    const { app } = await startApi();
    const dir = temporaryDir();
    writeFileSync(join(dir, "portcullis.yaml"), "nonsense");
    const { port } = new URL(app.url());
    const env = { DATA_DIR: dir, HOST: "127.0.0.1", PORT: port };
    const sample = join(import.meta.dirname, "../fixtures/splunk/scheduled.json");

    expect(await runCommand(["healthcheck"], env)).toMatchObject({ exitCode: 0 });
    expect((await runCommand(["replay", sample], env)).err).toContain("refused: 401");
    const broken = await runCommand(["status"], { ...env, PORT: "many" });
    expect(broken).toMatchObject({ exitCode: 1, err: expect.stringMatching(/^CONFIG_INVALID: PORT: /) });
    expect(broken.err).not.toContain("portcullis.yaml");
  });

  test("a command that only asks makes no secrets", async () => {
    const { app } = await startApi();
    const dir = temporaryDir();

    await runCommand(["status", "--url", app.url()], { DATA_DIR: dir });

    expect(readdirSync(dir)).toEqual([]);
  });
});
