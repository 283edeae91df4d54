import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { hashOf } from "../../src/domain/receipt.ts";
import { after, t0 } from "../fakes/samples.ts";
import { adminToken, startApiServer } from "./api-server.ts";
import { cells, startCommands, time } from "./command-desk.ts";
import { temporaryDir } from "./run-app.ts";
import { runCommand } from "./run-command.ts";

const attacker = "203.0.113.45";
const because = ["--reason", "our office"];

describe("allow", () => {
  test("add lifts what it covers and waits for the firewalls; nothing may block it then; remove ends that", async () => {
    const { command, block, firewall } = await startCommands();
    await block(attacker);

    const added = await command(
      "allow",
      "add",
      "203.0.113.0/25",
      ...because,
      "--owner",
      "net",
      "--for",
      "30d",
    );
    const refused = await command("block", attacker, "--reason", "again");
    const list = await command("allow", "list");
    const removed = await command("allow", "remove", "203.0.113.0/25");
    const blocked = await command("block", attacker, "--reason", "again");

    expect(added).toMatchObject({ exitCode: 0, err: "" });
    expect(added.out).toMatch(
      new RegExp(
        `^Allowed: 203\\.0\\.113\\.0/25 until ${time}, nothing may block it \\(aw_\\w+\\)\\. Lifted: ${attacker}\\.\n192\\.0\\.2\\.1 {2}lifted, read back from the kernel, `,
      ),
    );
    expect(refused.err).toContain("may not be blocked");
    expect(cells(list.out)).toEqual([
      "network|until|reason|owner|by|since|id",
      expect.stringMatching(/^203\.0\.113\.200\|always\|.*\(in the settings\)$/),
      expect.stringMatching(
        new RegExp(
          `^203\\.0\\.113\\.0/25\\|${time}\\|our office\\|net\\|administrator for alice@soc1\\|${time}\\|aw_\\w+$`,
        ),
      ),
    ]);
    expect(removed.out).toMatch(/^Removed: 203\.0\.113\.0\/25 is not on the allow-list any more\./);
    expect(blocked.exitCode).toBe(0);
    expect([...firewall.entries.keys()]).toEqual([`${attacker}/32`]);
  });

  test("until a date, always, as JSON; what is in its way is said", async () => {
    const { command } = await startCommands();

    const dated = await command("allow", "add", attacker, ...because, "--until", "2999-01-31");
    const always = await command("allow", "add", attacker, ...because, "--json");
    const two = await command("allow", "remove", attacker);
    const id = /aw_\w+/.exec(dated.out)?.[0] ?? "";
    const byId = await command("allow", "remove", id, "--json");
    const settings = await command("allow", "remove", "203.0.113.200");
    const unknown = await command("allow", "remove", "203.0.113.9");

    expect(dated.out).toMatch(
      /^Allowed: 203\.0\.113\.45 until 2999-02-01 00:00:00 UTC, .* No block stood in its way\.\n$/,
    );
    expect(JSON.parse(always.out)).toMatchObject({
      answer: { entry: { expiresAt: null } },
      isConfirmed: null,
    });
    expect(two).toMatchObject({
      exitCode: 1,
      err: expect.stringMatching(/2 entries are about it, .*aw_\w+, aw_\w+/),
    });
    expect(JSON.parse(byId.out)).toMatchObject({ entry: { id } });
    expect(settings).toMatchObject({ exitCode: 1, err: expect.stringMatching(/409 .*ALLOWLIST/) });
    expect(unknown.err).toContain('"portcullis allow list" shows what there is');
  });
});

test("allow add --for is counted by the receiver's clock, not by this machine's", async () => {
  const { url, store } = await startApiServer();
  const allow = (address: string, time: string) =>
    runCommand(["allow", "add", address, ...because, "--for", time, "--url", url], {
      DATA_DIR: temporaryDir(),
      PORTCULLIS_TOKEN: adminToken,
    });

  expect((await allow("198.51.100.1", "1h")).exitCode).toBe(0);
  expect((await allow("198.51.100.2", "permanent")).exitCode).toBe(0);

  const entries = await store.allowEntries(t0);
  expect(Object.fromEntries(entries.map(({ prefix, expiresAt }) => [prefix, expiresAt]))).toEqual({
    "198.51.100.1/32": after(3600),
    "198.51.100.2/32": null,
  });
});

describe("token", () => {
  test("create prints the secret alone and once; its owner may do as much as the role says, until it is revoked", async () => {
    const { command, commandAs, call } = await startCommands();

    const made = await command("token", "create", "dashboard", "--role", "operator", "--for", "90d");
    const secret = made.out.trimEnd();
    const id = secret.split("_")[1] ?? "";
    const blocked = await commandAs(secret, "block", attacker, "--reason", "seen");
    const forbidden = await commandAs(secret, "token", "list");
    const list = await command("token", "list");
    const revoked = await command("token", "revoke", id);
    const refused = await commandAs(secret, "blocks");
    const ended = await command("token", "list");

    expect(made.out).toMatch(/^pct_[0-9a-f]{12}_[\w-]{43}\n$/);
    expect(made.err).toMatch(
      new RegExp(`^Token ${id} of dashboard, operator, until ${time}\\. It is shown this once; `),
    );
    expect(made.err).not.toContain(secret.slice(-43));
    expect(blocked.exitCode).toBe(0);
    expect(JSON.stringify((await call("GET", `addresses/${attacker}`)).body)).toContain(
      "dashboard for bob@soc1",
    );
    expect(forbidden).toMatchObject({
      exitCode: 1,
      out: "",
      err: "API_REFUSED: 403 This token may not do that: This needs the role administrator.\n",
    });
    expect(cells(list.out)).toEqual([
      "id|name|role|since|by|until|last used",
      expect.stringMatching(
        new RegExp(
          `^${id}\\|dashboard\\|operator\\|${time}\\|administrator for alice@soc1\\|${time}\\|${time}$`,
        ),
      ),
    ]);
    expect(list.out).not.toContain(secret.slice(-43));
    expect(revoked.out).toBe(`Revoked: token ${id} of dashboard is refused from now on.\n`);
    expect(refused).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining("Set PORTCULLIS_TOKEN to a token"),
    });
    expect(ended.out).toMatch(/ revoked \d{4}-/);
  });

  test("no token yet, one without end, and a token that is none", async () => {
    const { command, commandAs } = await startCommands();

    expect((await command("token", "list")).out).toBe("There is no token but ADMIN_TOKEN.\n");
    expect((await command("token", "create", "x", "--role", "viewer")).err).toContain(", without end. ");
    const misspelt = await commandAs("a b", "blocks");
    expect(misspelt).toMatchObject({
      exitCode: 1,
      err: expect.stringMatching(/^CONFIG_INVALID: PORTCULLIS_TOKEN: /),
    });
    expect(misspelt.err).not.toContain("a b");
  });
});

describe("receipts", () => {
  async function startChain() {
    const desk = await startCommands();
    await desk.command("block", attacker, "--reason", "first", "--no-wait");
    await desk.command("block", attacker, "--reason", "seen", "--no-wait");
    await desk.command("unblock", attacker, "--no-wait");
    const file = join(desk.dataDir, "receipts.jsonl");
    const exported = await desk.command("receipts", "export", "-o", file);
    return { ...desk, file, exported };
  }

  test("verify says that all is right, of the receiver and of a file, also of its later part", async () => {
    const { command, piped, file, exported, dataDir } = await startChain();

    const online = await command("receipts", "verify");
    const offline = await command("receipts", "verify", "--file", file);
    const lines = readFileSync(file, "utf8").trimEnd().split("\n");
    const [, head = ""] = /newest is (\S+)/.exec(online.out) ?? [];
    const later = `${lines.slice(1).join("\n")}\n`;
    const verifyPart = (...args: readonly string[]) =>
      piped(later, "receipts", "verify", "--file", "-", ...args);
    const first = /"hash":"(\w+)"\}$/.exec(lines[0] ?? "")?.[1] ?? "";
    const part = await verifyPart("--part", "--json");
    const silent = await verifyPart();
    const after = await verifyPart("--from", `1:${first}`);
    const otherwise = await verifyPart("--from", `1:${"0".repeat(64)}`);
    const same = await command("receipts", "verify", "--head", head);

    expect(exported).toMatchObject({ exitCode: 0, err: `written to ${file}\n` });
    expect(lines.length).toBeGreaterThan(2);
    expect(online.exitCode).toBe(0);
    expect(online.out).toMatch(
      new RegExp(
        `^All is right: ${lines.length} receipts in an unbroken chain, and \\d+ rows of the database as they say\\.\nThe newest is ${lines.length}:[0-9a-f]{64}\n`,
      ),
    );
    expect(offline).toEqual({ ...online, out: online.out.replace(/, and \d+ rows.*(?=\.\n)/, "") });
    expect(silent).toMatchObject({
      exitCode: 1,
      out: expect.stringContaining(`receipts 2 to ${lines.length}; what was before is not in this file.`),
    });
    expect(after.exitCode).toBe(0);
    expect(otherwise).toMatchObject({
      exitCode: 1,
      out: expect.stringMatching(/^The receipts were changed: number 2 does not follow/),
    });
    expect(JSON.parse(part.out)).toMatchObject({ ok: true, count: lines.length - 1, fault: null });
    expect(same.exitCode).toBe(0);
    const tail = await command("receipts", "export", "--after", "1");
    expect(tail.out.trimEnd().split("\n")).toHaveLength(lines.length - 1);
    writeFileSync(join(dataDir, "empty"), "");
    expect((await command("receipts", "verify", "--file", join(dataDir, "empty"))).out).toBe(
      "There is no receipt yet.\n",
    );
  });

  test("a receipt may hold what some programs take for the end of a line", async () => {
    const receipt = {
      seq: 1,
      at: new Date("2026-11-20T13:00:00.000Z"),
      kind: "decision",
      subject: "de_1",
      actor: "policy",
      body: '{"search":"a\u2028b\u0085c"}',
      previous: "0".repeat(64),
    } as const;
    const line = JSON.stringify({ ...receipt, hash: hashOf(receipt) });

    const { exitCode, out } = await runCommand(
      ["receipts", "verify", "--file", "-"],
      { DATA_DIR: temporaryDir() },
      new AbortController().signal,
      `${line}\r\n`,
    );

    expect({ exitCode, out }).toEqual({
      exitCode: 0,
      out: expect.stringMatching(/^All is right: 1 receipt in an unbroken chain\./),
    });
  });

  test("verify finds an edit in a file, what was taken out, and what was taken from the end", async () => {
    const { command, file, dataDir } = await startChain();
    const text = readFileSync(file, "utf8");
    const lines = text.trimEnd().split("\n");
    const last = lines.length;
    const head = /"hash":"(\w+)"\}$/.exec(lines.at(-1) ?? "")?.[1] ?? "";
    const check = (name: string, content: string, ...args: readonly string[]) => {
      writeFileSync(join(dataDir, name), content);
      return command("receipts", "verify", "--file", join(dataDir, name), ...args);
    };

    const edited = await check("edited", text.replace("alice@soc1", "carol@soc1"));
    const gap = await check("gap", lines.toSpliced(1, 1).join("\n"));
    const cut = await check("cut", lines.slice(0, -1).join("\n"), "--head", `${last}:${head}`);
    const anew = await check("anew", text, "--head", `${last}:${"0".repeat(64)}`);
    const broken = await check("broken", text.replace('"seq":2', '"seq":'));

    expect(edited).toMatchObject({
      exitCode: 1,
      out: expect.stringMatching(/^The receipts were changed: number \d+ was changed\./),
    });
    expect(gap).toMatchObject({
      exitCode: 1,
      out: "The receipts were changed: number 2 is missing: the next one is 3. Up to 1 all is right.\n",
    });
    expect(cut).toMatchObject({
      exitCode: 1,
      out: expect.stringContaining(`number ${last} is missing, though it was noted`),
    });
    expect(anew).toMatchObject({
      exitCode: 1,
      out: expect.stringContaining("is not the one that was noted"),
    });
    expect(broken).toMatchObject({
      exitCode: 1,
      err: expect.stringMatching(/^error: .*line 2 is not a receipt/),
    });
  });

  test("list, oldest first, from a number on", async () => {
    const { command } = await startChain();

    const two = await command("receipts", "list", "--limit", "2");
    const later = await command("receipts", "list", "--after", "1", "--limit", "1", "--json");

    expect(cells(two.out)).toEqual([
      "number|at|kind|about|by",
      expect.stringMatching(new RegExp(`^1\\|${time}\\|`)),
      expect.stringMatching(new RegExp(`^2\\|${time}\\|`)),
      "… and more: --after 2 shows them",
    ]);
    expect(JSON.parse(later.out)).toMatchObject({ receipts: [{ seq: 2 }], next: 2 });
  });
});
