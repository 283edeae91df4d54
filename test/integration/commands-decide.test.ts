import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { eventually } from "../fakes/eventually.ts";
import { startAnswering } from "./answering-desk.ts";
import { alertAbout } from "./api-desk.ts";
import { cells, startCommands, time } from "./command-desk.ts";

const attacker = "203.0.113.45";
const other = "203.0.113.46";

/** An alert about an attacker has come while every block waits for a person. @returns the id that waits */
async function startApproving() {
  const desk = await startCommands({ mode: "approve" });
  const ask = async (address: string): Promise<string> => {
    desk.provider.known.set(address, 8);
    await desk.post(alertAbout(address));
    const listed = await desk.until(new RegExp(`de_\\S+ +${address} `), "approvals");
    return new RegExp(`(de_\\S+) +${address} `).exec(listed.out)?.[1] ?? "";
  };
  return { ...desk, ask };
}

describe("approvals", () => {
  test("shows what waits; approve blocks it and waits for the firewalls", async () => {
    const { command, ask, firewall } = await startApproving();
    expect((await command("approvals")).out).toBe("Nothing waits for a person.\n");
    const id = await ask(attacker);

    const waiting = await command("approvals");
    const { exitCode, out } = await command("approve", id, "--reason", "yes", "--for", "2h");
    const again = await command("approve", id);
    const all = await command("approvals", "--all");

    expect(cells(waiting.out)).toEqual([
      "id|address|since|lapses|cause|search|why",
      expect.stringMatching(
        new RegExp(`^${id}\\|${attacker}\\|${time}\\|${time}\\|approve\\|SSH brute force\\|.+`),
      ),
      `Answer with "portcullis approve ${id}" or "portcullis deny ${id}".`,
    ]);
    expect(exitCode).toBe(0);
    expect(out).toMatch(/^Approved: 203\.0\.113\.45 is blocked until .*\n192\.0\.2\.1 {2}verified: /);
    const [seconds = 0] = firewall.entries.values();
    expect(Math.round(seconds / 60)).toBe(120);
    expect(again).toMatchObject({ exitCode: 1, err: expect.stringContaining("does not wait any more") });
    expect(all.out).toContain("approved by administrator for alice@soc1");
  });

  test("deny leaves it alone, and puts it on the allow-list when asked", async () => {
    const { command, ask, firewall } = await startApproving();

    const plain = await command("deny", await ask(attacker), "--reason", "no");
    const allowed = await command("deny", await ask(other), "--allow-for", "always", "--json");

    expect(plain).toEqual({ exitCode: 0, err: "", out: "Denied: nothing is blocked.\n" });
    expect(JSON.parse(allowed.out)).toMatchObject({ state: "denied", allowed: { prefix: `${other}/32` } });
    expect((await command("allow", "list")).out).toMatch(/^203\.0\.113\.46 +always/m);
    expect(firewall.entries.size).toBe(0);
  });
});

describe("what waits is also found by", () => {
  test("the beginning of its id, and the address that is held", async () => {
    const { command, ask, firewall } = await startApproving();
    const id = await ask(attacker);
    await ask(other);

    const approved = await command("approve", id.slice(0, 9), "--reason", "yes");
    const denied = await command("deny", `::ffff:${other}`);
    const gone = await command("deny", attacker);

    expect(approved.out).toMatch(/^Approved: 203\.0\.113\.45 is blocked until /);
    expect([...firewall.entries.keys()]).toEqual([`${attacker}/32`]);
    expect(denied).toEqual({ exitCode: 0, err: "", out: "Denied: nothing is blocked.\n" });
    expect(gone).toMatchObject({
      exitCode: 1,
      out: "",
      err: expect.stringMatching(/^error: nothing that waits .* the address 203\.0\.113\.45: /),
    });
  });

  test("neither when several fit, on whatever page, and nothing is answered then", async () => {
    const approval = (id: string, ip: string) => ({ id, decision: { ip } });
    const [one, two] = [`de_abcdef${"0".repeat(26)}`, `de_abcdef${"1".repeat(26)}`];
    const { command, asked } = await startAnswering((call) =>
      call.includes("cursor=")
        ? { approvals: [approval(two, attacker)], next: null }
        : { approvals: [approval(one, attacker)], next: "2" },
    );

    for (const which of ["de_abcdef", attacker]) {
      const { exitCode, out, err } = await command("approve", which);

      expect({ exitCode, out }).toEqual({ exitCode: 1, out: "" });
      expect(err).toContain(`2 decisions fit ${which}, so name one by more of its id: ${one}, ${two}`);
    }
    expect(asked.some((call) => call.startsWith("POST"))).toBe(false);
  });
});

describe("pause and resume", () => {
  test("pause keeps alerts from blocking; status says so; resume blocks what waited", async () => {
    const { command, provider, post, firewall, until } = await startCommands();

    const paused = await command("pause", "--reason", "maintenance");
    const again = await command("pause", "--reason", "more");
    const refused = await command("block", other, "--reason", "now");
    provider.known.set(attacker, 8);
    await post(alertAbout(attacker));
    await until(/203\.0\.113\.45/, "approvals");
    const status = await command("status");
    const resumed = await command("resume");

    expect(paused).toMatchObject({
      exitCode: 0,
      out: expect.stringMatching(/^Paused: nothing new is blocked/),
    });
    expect(refused).toMatchObject({
      exitCode: 1,
      err: expect.stringMatching(/New blocks are paused since .* an administrator may add --force\.\n$/),
    });
    expect(again.out).toMatch(
      new RegExp(
        `^Nothing new: paused already, since ${time} by administrator for alice@soc1: maintenance\\. `,
      ),
    );
    expect(status.exitCode).toBe(1);
    expect(status.out).toMatch(
      new RegExp(`^new blocks +paused since ${time} by administrator for alice@soc1: maintenance$`, "m"),
    );
    expect(resumed.out).toBe(
      "New blocks are made again. 1 decision that waited only for that became a block.\n",
    );
    expect((await command("resume")).out).toMatch(/^Nothing was paused or beyond a limit: /);
    await eventually("the block", () => [...firewall.entries.keys()].join() === `${attacker}/32`);
    expect((await command("status")).out).toMatch(/^new blocks +are made$/m);
  });

  test("--keep-holds leaves what was held to a person; --force gets through for an administrator", async () => {
    const { command, provider, post, until } = await startCommands();
    await command("pause", "--reason", "maintenance");
    provider.known.set(attacker, 8);
    await post(alertAbout(attacker));
    await until(/203\.0\.113\.45/, "approvals");

    const forced = await command("block", other, "--reason", "now", "--force");
    const resumed = await command("resume", "--keep-holds");

    expect(forced.exitCode).toBe(0);
    expect(resumed.out).toMatch(/What was held waits on for a person/);
    expect((await command("approvals")).out).toContain(attacker);
  });
});

const AlertId = z.object({ alertId: z.string() });

describe("lists", () => {
  test("alerts, decisions and policies, newest first", async () => {
    const { command, block, provider, post, until } = await startCommands();
    for (const [list, empty] of [
      ["alerts", "No alert has come yet.\n"],
      ["decisions", "There is no such decision.\n"],
    ] as const) {
      expect((await command(list)).out).toBe(empty);
    }
    await block(attacker);
    provider.known.set(other, 0);
    await post(alertAbout(other));
    await until(/watch/, "decisions");

    const alerts = await command("alerts");
    const blocked = await command("decisions", "--action", "block");
    const one = await command("decisions", "--limit", "1", "--json");
    const differing = await command("decisions", "--differs");
    const policies = await command("policies");

    expect(cells(alerts.out)).toEqual([
      "received|alert|search|from|rows|addresses|waiting|decisions",
      expect.stringMatching(/\|al_[0-9a-f]{32}\|SSH brute force\|splunk-webhook\|1\|1\|0\|1 watch$/),
      expect.stringMatching(/\|al_[0-9a-f]{32}\|SSH brute force\|splunk-webhook\|1\|1\|0\|1 block$/),
    ]);
    expect(cells(blocked.out).slice(1)).toEqual([
      expect.stringMatching(new RegExp(`^${time}\\|${attacker}\\|block\\|policy\\|-\\|.+`)),
    ]);
    expect(JSON.parse(one.out)).toMatchObject({ decisions: [{ ip: other, action: "watch" }], more: true });
    expect(differing.out).toBe("There is no such decision.\n");
    expect(cells(policies.out)).toEqual([
      "policy|for|since|rules",
      expect.stringMatching(new RegExp(`^sha256:[0-9a-f]{12}\\|live\\|${time}\\|\\d block, \\d hold$`)),
    ]);
  });

  test("an alert without an address is shown as such, with its fields; unknown keys are shown", async () => {
    const { command, post, until } = await startCommands();
    const { body } = await post({
      sid: "1760000400.77",
      search_name: "VPN",
      trigger: { severity: 5, session_key: "hunter2" },
      result: { attacker: "mallory", __proto__x: "1" },
    });
    const { alertId } = AlertId.parse(body);

    const listed = await until(/no address/, "alerts");
    const shown = await command("alerts", "show", alertId);
    const json = await command("alerts", "show", alertId, "--json");
    const status = await command("status");
    const missing = await command("alerts", "show", "al_none");

    expect(listed.out).toContain("(it has attacker, __proto__x) in extract.fields");
    expect(shown.out).toMatch(/^row 1 +attacker=mallory +__proto__x=1$/m);
    expect(shown.out).toMatch(/^also trigger +\{"severity":5,"session_key":"left out/m);
    expect(shown.out).toMatch(/^no address +name the field/m);
    expect(JSON.parse(json.out)).toMatchObject({ extras: { trigger: { severity: 5 } } });
    expect(shown.out + json.out).not.toContain("hunter2");
    expect(status.out).toMatch(/^trouble +search "VPN": no address was found in the last alert/m);
    expect(missing).toMatchObject({ exitCode: 1, err: expect.stringContaining("no alert of this id") });
  });

  test("deliveries that could not be read", async () => {
    const { app, token, command } = await startCommands();
    const none = await command("alerts", "--unreadable");
    await fetch(`${app.url()}/webhooks/splunk/${token}`, { method: "POST", body: "<alert>\u0007" });

    const some = await command("alerts", "--unreadable");

    expect(none.out).toBe("Every delivery could be read.\n");
    expect(cells(some.out)[1]).toMatch(/\|127\.0\.0\.1\|8\|The body is not JSON\.\|<alert>\ufffd$/);
  });

  test("alarms: exit code 1 when there is one, with what to do", async () => {
    const { command, store } = await startCommands();
    const quiet = await command("alarms");
    await store.raiseAlarm(
      { key: "firewall-x", message: "Something broke.", advice: "Mend it." },
      [],
      new Date(),
    );

    const loud = await command("alarms");
    const status = await command("status");

    expect(quiet).toEqual({
      exitCode: 0,
      err: "",
      out: 'No alarm is open; "portcullis status" tells everything.\n',
    });
    expect(loud.exitCode).toBe(1);
    expect(cells(loud.out)[1]).toMatch(new RegExp(`^${time}\\|Something broke\\.\\|Mend it\\.$`));
    expect(status.out).toMatch(/^alarm +since .*: Something broke\. Mend it\.$/m);
    expect(status.out).not.toMatch(/^trouble +Something broke/m);
  });
});

describe("backtest", () => {
  test("tells what another policy would have done, and its mistakes with their place", async () => {
    const { command, piped, provider, post, dataDir, until, call } = await startCommands();
    provider.known.set(attacker, 1);
    await post(alertAbout(attacker));
    await until(/watch/, "decisions");
    const strict = join(dataDir, "strict.yaml");
    const wrong = join(dataDir, "wrong.yaml");
    writeFileSync(strict, "block:\n  - virustotal: { malicious: 1 }\n");
    writeFileSync(wrong, "block:\n  - virustotal: { malicious: 1 }\nblok: 5\n");

    const told = await command("backtest", "--policy", strict);
    const json = await command("backtest", "--policy", strict, "--json");
    const mistake = await command("backtest", "--policy", wrong);
    const missing = await command("backtest", "--policy", join(dataDir, "none.yaml"));
    const stdin = await piped("nonsense: [", "backtest", "--policy", "-");

    expect(told.exitCode).toBe(0);
    expect(told.out).toMatch(
      new RegExp(
        `^Policy sha256:\\w+ since ${time}, over 1 decision about 1 address\\. Blocks made by policy: 0; with this one 1\\.\n`,
      ),
    );
    expect(told.out).toMatch(/^newly-blocked +1 +▇{12}$/m);
    expect(told.out).toMatch(/^all +1$/m);
    expect(told.out).toMatch(
      new RegExp(`^${attacker} +newly-blocked +watch → block +${time} +SSH brute force +.+`, "m"),
    );
    expect(JSON.parse(json.out)).toMatchObject({ counts: { "newly-blocked": 1 } });
    expect(mistake).toMatchObject({ exitCode: 1, out: "" });
    expect(mistake.err).toContain(`error: ${wrong}:3:1: `);
    expect(missing.err).toMatch(/can't be read: no such file/);
    expect(stdin).toMatchObject({
      exitCode: 1,
      err: expect.stringContaining("error: standard input:1:"),
    });
    expect((await call("GET", "blocks")).body.blocks).toEqual([]);
  });
});
