import { expect, test } from "vitest";
import { z } from "zod";
import { startCommands } from "./command-desk.ts";

const attacker = "203.0.113.45";

test("show what the author of an alert asks for, made safe to show, and replay sends it along", async () => {
  const { command, postSigned, until, provider, firewall } = await startCommands();
  provider.known.set(attacker, 8);
  const settings = {
    fields: ["src_ip", "src"],
    severity: "high",
    mode: "observe",
    note: "Ask\u001b[31m Anna\u202e.",
  };
  const { body } = await postSigned({
    sid: "1760000400.77",
    search_name: "SSH",
    settings,
    results: [{ src_ip: attacker }],
  });
  const { alertId } = z.object({ alertId: z.string() }).parse(body);
  await until(/block/, "decisions");

  const shown = await command("alerts", "show", alertId);
  const explained = await command("explain", attacker);
  const replayed = await command("replay", alertId);
  const again = z
    .object({ alertId: z.string() })
    .parse(JSON.parse(replayed.out.slice(replayed.out.indexOf("{"))));
  const shownAgain = await command("alerts", "show", again.alertId);

  expect(shown.out).toMatch(/^asks for fields +src_ip, src$/m);
  expect(shown.out).toMatch(/^asks for severity +high$/m);
  for (const { out } of [shown, shownAgain]) {
    expect(out).toMatch(/^asks for mode +observe$/m);
    expect(out).toMatch(/^note +Ask\ufffd\[31m Anna\ufffd\.$/m);
  }
  expect(explained.out).toContain('Note of the search "SSH": Ask\ufffd[31m Anna\ufffd.');
  expect(explained.out).toContain("the alert asks for mode observe: nothing is blocked because of it");
  expect(firewall.entries.size).toBe(0);
});
