import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startApiServer } from "./api-server.ts";
import { temporaryDir } from "./run-app.ts";
import { runCommand } from "./run-command.ts";

const policy = join(import.meta.dirname, "run-command.ts");
const decisionId = `de_${"1".repeat(32)}`;
const because = ["--reason", "x"];

/** Every command that asks the receiver, with the least role that may. */
const asking: readonly (readonly [
  role: "viewer" | "operator" | "administrator",
  ...args: readonly string[],
])[] = [
  ["viewer", "status"],
  ["viewer", "alarms"],
  ["viewer", "providers"],
  ["viewer", "blocks"],
  ["viewer", "list", "203.0.113.9"],
  ["viewer", "explain", "203.0.113.9"],
  ["viewer", "export"],
  ["viewer", "alerts"],
  ["viewer", "decisions"],
  ["viewer", "approvals"],
  ["viewer", "policies"],
  ["viewer", "allow", "list"],
  ["viewer", "receipts", "list"],
  ["viewer", "receipts", "verify"],
  ["viewer", "receipts", "export"],
  ["operator", "block", "203.0.113.9", ...because],
  ["operator", "unblock", "203.0.113.9"],
  ["operator", "approve", decisionId],
  ["operator", "deny", decisionId],
  ["operator", "backtest", "--policy", policy],
  ["operator", "pause", ...because],
  ["operator", "resume"],
  ["operator", "allow", "add", "203.0.113.9", ...because],
  ["administrator", "import", "-", "--format", "csv"],
  ["administrator", "token", "create", "x", "--role", "viewer"],
  ["administrator", "token", "list"],
  ["administrator", "token", "revoke", "0123456789ab"],
];

describe("every command that asks the receiver", () => {
  test.each(asking)("%s: %s %s %s: exit code 2 when nobody answers", async (_role, ...args) => {
    const { exitCode, out, err } = await runCommand([...args, "--url", "http://127.0.0.1:1"], {
      DATA_DIR: temporaryDir(),
    });

    expect({ exitCode, out }).toEqual({ exitCode: 2, out: "" });
    expect(err).toMatch(
      /^API_UNREACHABLE: the receiver at http:\/\/127\.0\.0\.1:1 does not answer .*--url\.$/m,
    );
  });

  test("exit code 1 with a wrong token, and with one that may not", async () => {
    const { url, token } = await startApiServer();
    const lesser = { operator: await token("viewer"), administrator: await token("operator") };
    for (const [, ...args] of asking) {
      const { exitCode, out, err } = await runCommand([...args, "--url", url], {
        DATA_DIR: temporaryDir(),
        PORTCULLIS_TOKEN: "not-a-token-at-all",
      });

      expect({ args, exitCode, out }).toEqual({ args, exitCode: 1, out: "" });
      expect(err).toMatch(/API_REFUSED: 401 .* Set PORTCULLIS_TOKEN to a token that is valid there/);
      expect(err).not.toContain("not-a-token-at-all");
    }
    for (const [role, ...args] of asking) {
      if (role === "viewer") {
        continue;
      }
      const { exitCode, out, err } = await runCommand([...args, "--url", url], {
        DATA_DIR: temporaryDir(),
        PORTCULLIS_TOKEN: lesser[role],
      });

      expect({ args, exitCode, out }).toEqual({ args, exitCode: 1, out: "" });
      expect(err).toContain(`API_REFUSED: 403 This token may not do that: This needs the role ${role}.`);
    }
  });

  test("a token in a file is taken too, and none is sent when it is wrong in itself", async () => {
    const { url, token } = await startApiServer();
    const dir = temporaryDir();
    writeFileSync(join(dir, "token"), `${await token("viewer")}\n`);

    const good = await runCommand(["blocks", "--url", url], {
      DATA_DIR: dir,
      PORTCULLIS_TOKEN_FILE: "token",
    });
    const both = await runCommand(["blocks", "--url", url], {
      DATA_DIR: dir,
      PORTCULLIS_TOKEN: "x".repeat(20),
      PORTCULLIS_TOKEN_FILE: "token",
    });

    expect(good).toMatchObject({ exitCode: 0, err: "" });
    expect(both.err).toMatch(/^CONFIG_INVALID: PORTCULLIS_TOKEN: set only one/);
  });
});

/** The commands below one, as its help lists them. */
async function commandsOf(...path: readonly string[]): Promise<readonly string[][]> {
  const { out } = await runCommand([...path, "--help"], {});
  const [list = ""] = (out.split("Commands:\n")[1] ?? "").split("\n\n");
  const names = [...list.matchAll(/^ {2}([a-z-]+)/gm)].map((match) => match[1] ?? "");
  const found = names.filter((name) => name !== "help").map((name) => [...path, name]);
  const below = await Promise.all(found.map((one) => commandsOf(...one)));
  return found.flatMap((one, index) => (below[index]?.length ? below[index] : [one]));
}

test("the help of every command has an example of it, and the exit codes", async () => {
  const commands = await commandsOf();

  expect(commands.length).toBeGreaterThan(35);
  for (const command of commands) {
    const { exitCode, out } = await runCommand([...command, "--help"], {});
    expect({ command, exitCode }).toEqual({ command, exitCode: 0 });
    expect(out).toContain(`Example:\n  portcullis ${command.join(" ")}`);
    expect(out).toContain("Exit codes: 0 done");
  }
});

describe("wrong arguments are refused before anybody is asked, with what to do:", () => {
  test.each([
    [["block", "not-an-address", ...because], "expected one like 203.0.113.5"],
    [["block", "203.0.113.9"], "required option '--reason <text>' not specified"],
    [["block", "203.0.113.9", "--for", "soon", ...because], "--for: expected a duration like"],
    [["explain", "203.0.113.0/24"], "that is not one IP address"],
    [["allow", "add", "203.0.113.9"], "required option '--reason <text>'"],
    [
      ["allow", "add", "203.0.113.9", ...because, "--for", "1d", "--until", "2999-01-01"],
      "either --for or --until",
    ],
    [["allow", "add", "203.0.113.9", ...because, "--until", "tomorrow"], "--until: expected a date such as"],
    [["deny", decisionId, "--allow-for", "ever"], "--allow-for: expected a duration"],
    [["approve", decisionId, "--for", "ever"], "--for: expected a duration"],
    [["approve", "de_4f1c0"], "its beginning with at least 6 characters after de_, or the address"],
    [["deny", "4f1c094f1c"], "its beginning with at least 6 characters after de_, or the address"],
    [["block", "203.0.113.9", ...because, "--wide"], "unknown option '--wide'"],
    [["decisions", "--action", "drop"], "--action: expected block, hold, watch, ignore"],
    [["alerts", "--limit", "none"], "--limit: expected a whole number"],
    [["token", "create", "x", "--role", "king"], "--role: expected viewer, operator, administrator"],
    [["import", "blocks.dat"], "--format: say csv (also a plain list of addresses), json or jsonl"],
    [["import", "missing.csv"], "missing.csv can't be read: no such file or directory"],
    [["export", "--format", "xml"], "--format: expected csv, json or jsonl"],
    [["receipts", "list", "--after", "-1"], "--after: expected the number of a receipt"],
    [["receipts", "verify", "--head", "x"], "--head: expected a number, a colon and 64 hex digits"],
    [["receipts", "verify", "--part"], "--from and --part are about a file: say --file too"],
    [["receipts", "verify", "--file", "missing"], "missing can't be read: no such file or directory"],
    [["backtest"], "required option '--policy <file>'"],
    [["pause"], "required option '--reason <text>'"],
    [["allow", "frobnicate"], "unknown command 'frobnicate'"],
    [["status", "--frobnicate"], "unknown option '--frobnicate'"],
  ])("%s", async (args, what) => {
    const { exitCode, out, err } = await runCommand(args, { DATA_DIR: temporaryDir(), PORT: "1" });

    expect({ exitCode, out }).toEqual({ exitCode: 1, out: "" });
    expect(err).toContain(what);
  });
});
