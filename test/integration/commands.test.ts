import { createServer, type Server } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { eventually } from "../fakes/eventually.ts";
import { startApi } from "./api-desk.ts";
import { temporaryDir } from "./run-app.ts";
import { runCommand } from "./run-command.ts";

const attacker = "203.0.113.45";
const other = "203.0.113.46";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
  }
});

/** The whole program, and the command line beside it. */
async function startDesk() {
  const dataDir = temporaryDir();
  const desk = await startApi({ dataDir });
  const command = (...args: readonly string[]) =>
    runCommand([...args, "--url", desk.app.url()], { DATA_DIR: dataDir, USER: "alice" });
  const verified = (address: string) =>
    eventually("verified", async () =>
      JSON.stringify((await desk.call("GET", `blocks/${address}`)).body).includes('"state":"verified"'),
    );
  return { ...desk, command, verified };
}

describe("blocks", () => {
  test("shows what stands, on which firewalls, and what it has dropped", async () => {
    const { command, block, verified, store, call } = await startDesk();
    expect((await command("blocks")).out).toBe(
      "No block stands. With --all you also see those that are over.\n",
    );
    await block(attacker, other);
    await verified(other);
    const [first] = await store.standingBlocks(new Date());
    await store.recordDrops("192.0.2.1", [{ blockId: first?.id ?? "", packets: 1204, bytes: 72_240 }]);

    const { out, exitCode } = await command("blocks");
    const json = await command("blocks", "--json");

    const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC`;
    expect(exitCode).toBe(0);
    expect(out.split("\n")[0]).toMatch(/^network +until +since +firewalls +packets +bytes$/);
    expect(out).toMatch(
      new RegExp(
        `^${first?.prefix.replace("/32", "")} +${time} +${time} +verified 192.0.2.1 +1,204 +72.2 kB +▇{12}$`,
        "m",
      ),
    );
    expect(out).toMatch(/ verified 192\.0\.2\.1 +0 +0 B$/m);
    expect(JSON.parse(json.out)).toEqual({
      ...(await call("GET", "blocks")).body,
      next: undefined,
      more: false,
    });
  });

  test("of one address, over ones only when asked, and no more than asked", async () => {
    const { command, block } = await startDesk();
    await block(attacker, other);
    await command("unblock", attacker, "--reason", "a customer");

    const standing = await command("blocks", attacker);
    const all = await command("blocks", attacker, "--all");
    const one = await command("blocks", "--all", "--limit", "1");

    expect(standing.out).toContain("No block stands");
    expect(all.out).toMatch(
      /^203\.0\.113\.45 +lifted \d{4}.* UTC by administrator for alice@soc1: a customer .* lifted 192\.0\.2\.1/m,
    );
    expect(one.out.split("\n")).toHaveLength(4);
    expect(one.out).toContain("… and more: --limit 2 shows more\n");
  });

  test.each([
    ["blocks", "not-an-address"],
    ["blocks", "--limit", "0"],
    ["blocks", "--limit", "many"],
    ["unblock", "203.0.113.5/24"],
    ["unblock", "128.0.0.0/1"],
    ["unblock", "0.0.0.0/0"],
    ["unblock", "2001:db8::/47"],
    ["unblock", attacker, "--grace", "24"],
    ["unblock", attacker, "--grace", "366d"],
    ["unblock", attacker, "--grace", "soon"],
  ])("%s %s %s is refused before anybody is asked", async (...args) => {
    const { exitCode, err } = await runCommand(args, { DATA_DIR: temporaryDir(), PORT: "1" });

    expect(exitCode).toBe(1);
    expect(err).toMatch(/^error: /);
  });
});

describe("unblock", () => {
  test("waits until each firewall has confirmed it, and keeps who, why and how long", async () => {
    const { command, block, firewall, call } = await startDesk();
    await block(attacker);

    const { exitCode, out, err } = await command(
      "unblock",
      attacker,
      "--reason",
      "a customer",
      "--grace",
      "30m",
    );

    expect(err).toBe("");
    expect(exitCode).toBe(0);
    expect(firewall.entries.size).toBe(0);
    expect(out).toMatch(
      /^Lifted: 203\.0\.113\.45\. Alerts can't block 203\.0\.113\.45 again before \d{4}-.* UTC\.\n192\.0\.2\.1 {2}lifted, read back from the kernel, \d+ ms\n$/,
    );
    const [report] = (await call("GET", `blocks/${attacker}`)).body.blocks ?? [];
    expect(report).toMatchObject({ lifted: { actor: "administrator for alice@soc1", reason: "a customer" } });
  });

  test("of a network lifts all in it", async () => {
    const { command, block, firewall } = await startDesk();
    await block(attacker, other);

    const { exitCode, out } = await command("unblock", "203.0.113.0/24", "--grace", "0");

    expect(exitCode).toBe(0);
    expect(firewall.entries.size).toBe(0);
    expect(out).toMatch(/^Lifted: 203\.0\.113\.46, 203\.0\.113\.45\. Alerts may block it again at once\.\n/);
    expect(out).toMatch(/^192\.0\.2\.1 {2}2 blocks lifted, read back from the kernel/m);
  });

  test("names the firewalls that have not confirmed it, and why; exit code 1", async () => {
    const { block, firewall, app, adminToken, verified, call } = await startDesk();
    await block(attacker);
    await verified(attacker);
    firewall.failure = new AppError("SSH_UNREACHABLE", "192.0.2.1: connect \u001b[31mETIMEDOUT", {
      retryable: true,
    });
    // As by Ctrl-C, once it is known that the firewall is away.
    const impatience = new AbortController();
    const known = eventually("unreachable", async () =>
      JSON.stringify((await call("GET", "firewalls")).body).includes('"unreachable"'),
    ).then(() => {
      impatience.abort();
    });

    const { exitCode, out, err } = await runCommand(
      ["unblock", attacker, "--url", app.url()],
      { DATA_DIR: temporaryDir(), ADMIN_TOKEN: adminToken },
      impatience.signal,
    );
    await known;

    expect(exitCode).toBe(1);
    expect(out).toMatch(/^192\.0\.2\.1 {2}not confirmed yet: unreachable since .*: .*ETIMEDOUT$/m);
    expect(out).not.toContain("\u001b");
    expect(err).toContain("Not confirmed by 192.0.2.1. Portcullis keeps trying");
  });

  test("does not wait with --no-wait, and answers with JSON when asked", async () => {
    const { command, block } = await startDesk();
    await block(attacker, other);

    const unwatched = await command("unblock", attacker, "--no-wait");
    const json = await command("unblock", other, "--json");

    expect(unwatched.out.split("\n")).toHaveLength(2);
    expect(JSON.parse(json.out)).toMatchObject({
      answer: { prefix: `${other}/32`, liftedCount: 1 },
      isConfirmed: true,
      firewalls: [{ firewall: "192.0.2.1", isConfirmed: true }],
    });
  });

  test("where nothing stands says so", async () => {
    const { command } = await startDesk();

    const { exitCode, err } = await command("unblock", attacker);

    expect(exitCode).toBe(1);
    expect(err).toBe("API_REFUSED: 404 There is nothing here: No block stands on 203.0.113.45/32.\n");
  });
});

describe("status", () => {
  test("has a table of the firewalls", async () => {
    const { command, block, verified, firewall } = await startDesk();
    await block(attacker);
    await verified(attacker);
    await eventually("in sync", async () => (await command("status")).out.includes("in-sync"));

    const good = await command("status");
    firewall.failure = new AppError("SSH_UNREACHABLE", "192.0.2.1: connect ETIMEDOUT", { retryable: true });
    await command("unblock", attacker, "--no-wait");
    const bad = await eventually("trouble", async () => {
      const result = await command("status");
      return result.exitCode === 1 ? result : undefined;
    });

    expect(good.exitCode).toBe(0);
    expect(good.out).toMatch(/^firewall +state +pending +waits +in sync +networks +drifts +groups$/m);
    expect(good.out).toMatch(/^192\.0\.2\.1 +in-sync +0 +- +\d{4}-.* UTC +- +0$/m);
    expect(bad.out).toMatch(/^192\.0\.2\.1 +unreachable since \d{4}-.* UTC +1 +\d+\.\d s /m);
    expect(bad.out).toMatch(
      /^trouble +firewall 192\.0\.2\.1 is unreachable since .*: 192\.0\.2\.1: connect ETIMEDOUT$/m,
    );
  });

  test("of something that is no receiver of ours is refused, and shown without what a terminal would obey", async () => {
    const server = createServer((_request, response) => {
      response.end('{"version":"\\u001b[31m"}');
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    servers.push(server);
    const address = server.address();
    const url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;

    const { exitCode, out, err } = await runCommand(["status", "--url", url], { DATA_DIR: temporaryDir() });

    expect(exitCode).toBe(1);
    expect(out).toBe("");
    expect(err).toMatch(/^API_REFUSED: the receiver answered in a shape this command does not know \(mode, /);
  });
});
