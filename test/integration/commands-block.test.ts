import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { eventually } from "../fakes/eventually.ts";
import { cells, startCommands, time } from "./command-desk.ts";
import { runCommand } from "./run-command.ts";

const attacker = "203.0.113.45";
const other = "203.0.113.46";
const because = ["--reason", "seen in the VPN log"];

describe("block", () => {
  test("waits until each firewall drops it, and keeps who, why and how long", async () => {
    const { command, firewall, call } = await startCommands();

    const { exitCode, out, err } = await command("block", attacker, "--for", "2h", ...because);

    expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" });
    expect(out).toMatch(
      new RegExp(
        `^${attacker} is blocked until ${time}\\.\n192\\.0\\.2\\.1 {2}verified: read back from the kernel, [\\d.]+ m?s\n$`,
      ),
    );
    expect([...firewall.entries.keys()]).toEqual([`${attacker}/32`]);
    const [seconds = 0] = firewall.entries.values();
    expect(seconds).toBeGreaterThan(7100);
    expect(seconds).toBeLessThanOrEqual(7200);
    expect(JSON.stringify((await call("GET", `addresses/${attacker}`)).body)).toContain(
      '"actor":"administrator for alice@soc1"',
    );
  });

  test("without --for it is a day; longer extends, shorter changes nothing; permanent has no end", async () => {
    const { command, firewall } = await startCommands();

    await command("block", attacker, ...because);
    const [day = 0] = firewall.entries.values();
    const shorter = await command("block", attacker, "--for", "1h", ...because);
    const permanent = await command("block", attacker, "--for", "permanent", ...because);

    expect(Math.round(day / 3600)).toBe(24);
    expect(shorter.exitCode).toBe(0);
    expect(shorter.out).toMatch(/^Nothing new: 203\.0\.113\.45 is blocked until [^.]*\.\n/);
    expect(permanent.out).toMatch(/^203\.0\.113\.45 is blocked until somebody lifts it\.\n/);
  });

  test("in mode observe it says that nothing drops it", async () => {
    const { command, firewall } = await startCommands({ mode: "observe" });

    const { exitCode, out } = await command("block", attacker, ...because);

    expect(exitCode).toBe(0);
    expect(out).toContain("\nMode observe: it is on record, and no firewall drops it.\n");
    expect(firewall.entries.size).toBe(0);
  });

  test("names the firewalls that do not drop it yet, and why; exit code 1", async () => {
    const { command, firewall, app, dataDir, call } = await startCommands();
    firewall.failure = new AppError("SSH_UNREACHABLE", "192.0.2.1: connect \u001b[31mETIMEDOUT", {
      retryable: true,
    });
    // As by Ctrl-C, when it is known that the firewall is away.
    const impatience = new AbortController();
    await command("block", other, "--no-wait", ...because);
    await eventually("unreachable", async () =>
      JSON.stringify((await call("GET", "firewalls")).body).includes('"unreachable"'),
    );
    impatience.abort();

    const { exitCode, out, err } = await runCommand(
      ["block", attacker, ...because, "--url", app.url()],
      { DATA_DIR: dataDir },
      impatience.signal,
    );

    expect(exitCode).toBe(1);
    expect(out).toMatch(/^192\.0\.2\.1 {2}not confirmed yet: requested: .*ETIMEDOUT$/m);
    expect(out).not.toContain("\u001b");
    expect(err).toBe(
      `Not dropped yet by 192.0.2.1. Portcullis keeps trying; see "portcullis status" and "portcullis blocks ${attacker}".\n`,
    );
  });

  test("--json tells the answer and the firewalls, --no-wait does not ask them", async () => {
    const { command } = await startCommands();

    const waited = await command("block", attacker, ...because, "--json");
    const unwatched = await command("block", other, ...because, "--json", "--no-wait");

    expect(JSON.parse(waited.out)).toMatchObject({
      answer: { block: { prefix: `${attacker}/32` }, decision: { action: "block" } },
      isConfirmed: true,
      firewalls: [{ firewall: "192.0.2.1", isConfirmed: true }],
    });
    expect(JSON.parse(unwatched.out)).toMatchObject({ isConfirmed: null, firewalls: [] });
  });

  test("what may not be blocked is refused with the reason, also with --force", async () => {
    const { command, firewall } = await startCommands();

    const protectedOne = await command("block", "203.0.113.200", ...because, "--force");
    const wide = await command("block", "203.0.0.0/16", ...because);
    const group = await command("block", attacker, ...because, "--group", "dmz", "--group", "edge");

    for (const { exitCode, out } of [protectedOne, wide, group]) {
      expect({ exitCode, out }).toEqual({ exitCode: 1, out: "" });
    }
    expect(protectedOne.err).toMatch(/^API_REFUSED: 409 .*203\.0\.113\.200.* may not be blocked/);
    expect(wide.err).toMatch(/^API_REFUSED: 400 .*203\.0\.0\.0\/16 is too wide: networks up to \/24 /);
    expect(group.err).toContain('no firewall is in the group "dmz" or "edge"');
    expect(firewall.entries.size).toBe(0);
  });
});

test("list is another name of blocks", async () => {
  const { command, block } = await startCommands();
  await block(attacker);

  expect((await command("list")).out.split("\n")[1]).toMatch(/^203\.0\.113\.45 /);
});

describe("explain", () => {
  test("tells the story in plain words, then when what happened on which firewall", async () => {
    const { command, block, until } = await startCommands();
    await block(attacker);
    await until(/verified 192/, "blocks");
    await command("unblock", attacker, "--reason", "a customer");

    const { exitCode, out } = await command("explain", attacker);

    expect(exitCode).toBe(0);
    const lines = cells(out);
    expect(lines[0]).toBe(attacker);
    expect(out).toMatch(/^Seen .* in 1 alert by 1 search/m);
    expect(out).toMatch(/was lifted by administrator for alice@soc1: a customer/);
    const table = lines.slice(lines.indexOf("when|what|of|how") + 1).map((line) => line.split("|").slice(1));
    expect(table).toEqual([
      ["decision", "policy", expect.stringMatching(/^block: /)],
      ["block", attacker, expect.stringMatching(/^until /)],
      ["firewall", "192.0.2.1", "verified"],
      ["lift", attacker, "by administrator for alice@soc1: a customer"],
      ["firewall", "192.0.2.1", "lifted"],
    ]);
    expect(JSON.parse((await command("explain", attacker, "--json")).out)).toMatchObject({ ip: attacker });
  });

  test("a block that a longer one has replaced did not end by its time", async () => {
    const { command } = await startCommands();
    await command("block", attacker, "--for", "1h", ...because);
    await command("block", attacker, "--for", "7d", ...because);

    const { out } = await command("explain", attacker);

    expect(out).toMatch(/ end +203\.0\.113\.45 +another block took its place$/m);
    expect(out).not.toContain("  its time was over");
    expect(out).toMatch(/^No alert has named it\.$/m);
    expect(out).toMatch(/^On 192\.0\.2\.1: another block took its place\.$/m);
    expect(out).toMatch(/ the block on 203\.0\.113\.45\/32 ended: another block took its place\.$/m);
  });

  test("of an address that nobody has seen", async () => {
    const { command } = await startCommands();

    const { exitCode, out } = await command("explain", "2001:db8::7");

    expect(exitCode).toBe(0);
    expect(out).toMatch(/^2001:db8::7\n\nNo alert has named it\.\n/);
    expect(out).not.toContain("when ");
  });
});

describe("export and import", () => {
  test.each(["csv", "json", "jsonl"])("what %s takes out can be put in again", async (format) => {
    const one = await startCommands();
    await one.command("block", attacker, "--for", "permanent", "--reason", 'a "quoted", reason');
    await one.command("block", "2001:db8::/64", "--for", "30d", ...because);
    const file = join(one.dataDir, `blocks.${format}`);

    const exported = await one.command("export", "-o", file);
    const printed = await one.command("export", "--format", format);
    const two = await startCommands();
    const imported = await two.command("import", file);
    const again = await two.piped(readFileSync(file, "utf8"), "import", "-", "--format", format);

    expect(exported).toEqual({ exitCode: 0, out: "", err: `written to ${file}\n` });
    expect(printed.out).toBe(readFileSync(file, "utf8"));
    expect(imported).toMatchObject({ exitCode: 0, err: "" });
    expect(imported.out).toMatch(/^Blocked: 2 networks\. /);
    expect(again.out).toMatch(
      /^Blocked: 0 networks\. .*\nNothing new for 2:\n(?: {2}(?:line|item) \d: already blocked until .*\n){2}$/,
    );
    const both = await Promise.all([one, two].map(({ call }) => call("GET", "blocks?standing=true")));
    const [before, after] = both.map(({ body }) => body.blocks?.map(({ prefix }) => prefix).toSorted());
    expect(after).toEqual(before);
    await eventually("both in the kernel", () => two.firewall.entries.size === 2);
  });

  test("a faulty line is named with its place, and nothing is imported, unless --partial", async () => {
    const { command, dataDir, call } = await startCommands();
    const csv = join(dataDir, "a.csv");
    const jsonl = join(dataDir, "a.jsonl");
    writeFileSync(csv, `network,duration\n${attacker},24h\n203.0.113.200,24h\nnonsense,24h\n`);
    writeFileSync(jsonl, `{"network":"${attacker}","duration":"24h"}\n\n{"network":"nonsense"}\n`);

    const whole = await command("import", csv, ...because);
    const lines = await command("import", jsonl, ...because);
    const untouched = (await call("GET", "blocks")).body.blocks;
    const partial = await command("import", csv, ...because, "--partial");

    expect(whole).toMatchObject({ exitCode: 1, out: "" });
    expect(whole.err.split("\n")).toEqual([
      expect.stringMatching(
        /^API_REFUSED: 400 .*2 of 3 lines can't be imported, so none was\. .*--partial\.$/,
      ),
      expect.stringMatching(/^ {2}line 3: network: may not be blocked: /),
      expect.stringMatching(/^ {2}line 4: network: expected an IP address/),
      "",
    ]);
    expect(lines.err).toMatch(/^ {2}line 3: network: expected/m);
    expect(untouched).toEqual([]);
    expect(partial.exitCode).toBe(0);
    expect(partial.out).toMatch(/^Blocked: 1 network\. .*\nLeft out, 2:\n {2}line 3: /);
  });

  test("a plain list of addresses is understood with --reason and --for for all", async () => {
    const { command, dataDir, call } = await startCommands();
    const list = join(dataDir, "bad.txt");
    const csv = join(dataDir, "bad.csv");
    writeFileSync(list, `# from the CERT\n\n${attacker} ; seen twice\r\n203.0.113.200\n${other}\n`);
    writeFileSync(csv, `network,duration\n${attacker},24h\n`);

    const without = await command("import", list, ...because);
    const faulty = await command("import", list, ...because, "--for", "2h");
    const done = await command("import", list, ...because, "--for", "2h", "--partial");
    const twice = await command("import", csv, ...because, "--for", "2h");

    expect(without.err).toMatch(/^error: .* is a plain list of addresses: say --reason and --for /);
    expect(faulty.err).toMatch(/^ {2}line 4: network: may not be blocked: /m);
    expect(done.out).toMatch(/^Blocked: 2 networks\. .*\nLeft out, 1:\n {2}line 4: /);
    expect(twice.err).toMatch(/^error: --for: is for a plain list/);
    const { blocks = [] } = (await call("GET", "blocks?standing=true")).body;
    expect(blocks.map(({ prefix }) => prefix).toSorted()).toEqual([`${attacker}/32`, `${other}/32`]);
  });

  test("a file that can't be written leaves nothing behind, and a refused export the old file", async () => {
    const { command, commandAs, dataDir } = await startCommands();
    const file = join(dataDir, "blocks.csv");
    writeFileSync(file, "old");

    const refused = await commandAs("x".repeat(32), "export", "-o", file);
    const nowhere = await command("export", "-o", join(dataDir, "missing", "blocks.csv"));
    const device = await command("export", "-o", "/dev/null");

    expect(refused).toMatchObject({ exitCode: 1, err: expect.stringContaining("API_REFUSED: 401") });
    expect(readFileSync(file, "utf8")).toBe("old");
    expect(readdirSync(dataDir).filter((name) => name.includes(".part-"))).toEqual([]);
    expect(nowhere).toMatchObject({
      exitCode: 1,
      err: expect.stringMatching(/^error: .*can't be written: no such file or directory\n$/),
    });
    expect(device.err).toContain("/dev/null is not a plain file");
  });
});
