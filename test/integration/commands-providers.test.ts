import { expect, test } from "vitest";
import { prefix } from "../fakes/samples.ts";
import { sampleProvider } from "../unit/operate-desk.ts";
import { adminToken, startApiServer } from "./api-server.ts";
import { cells } from "./command-desk.ts";
import { temporaryDir } from "./run-app.ts";
import { runCommand } from "./run-command.ts";

test("providers: what is left of each budget with a bar, who waits, what is wrong, and the lists", async () => {
  const at = (time: string): Date => new Date(`2026-11-21T${time}:00.000Z`);
  const states = [
    sampleProvider({ state: "short", waiting: 12, runsOutAt: at("14:00") }),
    sampleProvider({
      name: "abuseipdb",
      title: "AbuseIPDB",
      state: "refused",
      windows: [{ name: "day", limit: 1000, used: 1000, left: 0, resetsAt: at("23:59") }],
      trouble: "401 \u001b[31mwrong",
      notBefore: at("15:00"),
      network: {
        gear: "free",
        windows: [{ name: "day", limit: 100, used: 99, left: 1, resetsAt: null }],
        runsOutAt: null,
        notBefore: null,
        trouble: null,
        totals: { asked: 99, known: 99, unknown: 0, failed: 0 },
      },
    }),
    sampleProvider({ name: "local", title: "Local", windows: [] }),
  ];
  const { url, store, clock } = await startApiServer({
    providers: { states: () => Promise.resolve(states) },
  });
  await store.savePrefixList({
    name: "spamhaus-drop",
    etag: null,
    version: "v7",
    networks: [{ prefix: prefix("203.0.113.0/24"), note: "" }],
    fetchedAt: clock.now,
    checkedAt: new Date(clock.now.getTime() - 2 * 3600_000),
  });
  const ask = (...args: readonly string[]) =>
    runCommand([...args, "--url", url], { DATA_DIR: temporaryDir(), ADMIN_TOKEN: adminToken });

  const { exitCode, out } = await ask("providers");
  const status = await ask("status");
  const json = await ask("providers", "--json");

  expect(exitCode).toBe(0);
  expect(cells(out)).toEqual([
    "provider|state|left|waiting|asked|failed|runs out|trouble",
    "VirusTotal|short|minute 3 of 4|▇▇▇▇▇▇▇▇··|12|100|2|2026-11-21 14:00:00 UTC",
    "|day 400 of 500|▇▇▇▇▇▇▇▇··",
    "AbuseIPDB|refused|day 0 of 1000|··········|0|100|2|-|401 \ufffd[31mwrong; not asked before 2026-11-21 15:00:00 UTC",
    "|networks|day 1 of 100|▇·········|99|0|-",
    "Local|ok|-|0|100|2|-",
    "",
    "list|networks|age|version",
    "spamhaus-drop|1|2 h|v7",
    "spamhaus-drop-v6|-|never|-",
  ]);
  expect(status.out).toContain(out.split("\n")[1]);
  expect(JSON.parse(json.out)).toMatchObject({ providers: [{ title: "VirusTotal" }, {}, {}] });
  expect(json.out).not.toContain("\u001b");
});
