import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventually } from "../fakes/eventually.ts";
import { startAnswering } from "./answering-desk.ts";
import { cells, startCommands, time } from "./command-desk.ts";
import { temporaryDir } from "./run-app.ts";

const yaml = `
policy:
  block: [{ virustotal: { malicious: 5, analysedWithin: 30d } }, { quorum: 1, of: [{ abuseipdb: { score: 90 } }] }]
  hold: []
  escalation: [7d, permanent]
  hints: { tor: 30m }
shadow: { hold: [{ virustotal: { malicious: 1 } }] }
searches: [{ name: "SSH*", policy: { block: [] } }, { name: "Web*", policy: {} }]
`;

async function startWithPolicies() {
  const dataDir = temporaryDir();
  writeFileSync(join(dataDir, "portcullis.yaml"), yaml);
  const { commandAs, adminToken } = await startCommands({ dataDir });
  const command = (...args: readonly string[]) => commandAs(adminToken, ...args);
  await eventually("all policies on record", async () => /shadow/.test((await command("policies")).out));
  return command;
}

test("policies tells of each for whom it is, since when, and how many rules it has", async () => {
  const command = await startWithPolicies();

  const [head, ...rows] = cells((await command("policies")).out);

  const line = (role: string, rules: string) =>
    new RegExp(`^sha256:[0-9a-f]{12}\\|${role}\\|${time}\\|${rules}$`);
  expect(head).toBe("policy|for|since|rules");
  expect(rows).toHaveLength(4);
  for (const one of [
    line("live", "2 block, 0 hold"),
    line("shadow", "2 block, 1 hold"),
    line(String.raw`searches SSH\*`, "0 block, 0 hold"),
    line(String.raw`searches Web\*`, "2 block, 0 hold"),
  ]) {
    expect(rows).toContainEqual(expect.stringMatching(one));
  }
});

test("policies VERSION tells what it says, as the file writes it, and all that it is for", async () => {
  const command = await startWithPolicies();
  const version = (await command("policies")).out.match(/^(\S+) +live/m)?.[1] ?? "";

  const { exitCode, out } = await command("policies", version);
  const short = await command("policies", version.replace("sha256:", ""));
  const json = await command("policies", version, "--json");
  const none = await command("policies", "sha256:0123456789ab");

  expect(exitCode).toBe(0);
  expect(out).toMatch(new RegExp(`^Policy ${version}: .*live since ${time}`));
  expect(out).toMatch(new RegExp(`^Policy ${version}: .*searches Web\\* since ${time}`));
  expect(cells(out)).toEqual(
    expect.arrayContaining([
      "policy.block[0]|{ virustotal: { malicious: 5, analysedWithin: 30d } }",
      "policy.block[1]|{ quorum: 1, of: [{ abuseipdb: { score: 90 } }] }",
      "policy.hold|none",
      "policy.escalation|7d, permanent",
      expect.stringMatching(/^policy\.hints\|.*tor: 30m$/),
      `policy version|${version}`,
    ]),
  );
  expect(short.out).toBe(out);
  expect(JSON.parse(json.out)).toMatchObject({
    policies: [{ version }, { version }],
  });
  expect(none).toMatchObject({
    exitCode: 1,
    out: "",
    err: expect.stringContaining("No policy of this version"),
  });
});

test("policies VERSION prints as JSON what it can't read, with nothing that a terminal obeys", async () => {
  const policy = { block: "\u001b[2J" };
  const { command } = await startAnswering(() => ({
    policies: [{ version: "sha256:1", role: "live\u001b[2J", firstUsedAt: "2026-11-01T00:00:00Z", policy }],
  }));

  const one = await command("policies", "sha256:1");
  const all = await command("policies");

  expect(one).toMatchObject({ exitCode: 0, err: "" });
  expect(one.out).toContain('"block": "\\u001b[2J"');
  expect(one.out + all.out).not.toContain("\u001b");
  expect(cells(all.out)[1]).toMatch(/\|-$/);
});
