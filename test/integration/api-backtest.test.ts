import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { eventually } from "../fakes/eventually.ts";
import { alertAbout } from "./api-desk.ts";
import { runApp, temporaryDir } from "./run-app.ts";

const bySsh = "203.0.113.45";
const byWeb = "203.0.113.46";

const Report = z.object({
  blocks: z.object({ were: z.number(), would: z.number() }),
  addresses: z.array(z.object({ ip: z.string(), change: z.string() })),
});

/** Two blocks, one by a search that differs from the policy in nothing but the duration. */
async function startBlocked() {
  const dataDir = temporaryDir();
  writeFileSync(join(dataDir, "portcullis.yaml"), "searches: [{ name: 'SSH*', policy: { duration: 7d } }]\n");
  const { app, store, provider, post, adminToken } = await runApp({ dataDir });
  provider.known.set(bySsh, 8);
  provider.known.set(byWeb, 8);
  await post(alertAbout(bySsh));
  await post({ ...alertAbout(byWeb), search_name: "Web scan" });
  await eventually("both blocks", async () => (await store.counts(new Date())).decisions.block === 2);
  /** What would change, `address change` each. */
  return async (policy: string): Promise<readonly string[]> => {
    const answer = await fetch(`${app.url()}/api/v1/backtest`, {
      method: "POST",
      headers: { Authorization: `Bearer ${adminToken}`, "Content-Type": "application/json" },
      body: JSON.stringify({ policy }),
    });
    const { addresses } = Report.parse(await answer.json());
    return addresses.map(({ ip, change }) => `${ip} ${change}`).toSorted();
  };
}

const never = "block: [{ virustotal: { malicious: 90 } }]\nhold: []\n";
const neverIn = "{ block: [{ virustotal: { malicious: 90 } }], hold: [] }";

test("a back-test replays each search by its own policy, on top of the one that is tried", async () => {
  const changesBy = await startBlocked();

  expect(await changesBy("grace: 1h")).toEqual([]);
  expect(await changesBy(never)).toEqual([`${bySsh} freed`, `${byWeb} freed`]);
  expect(await changesBy(`policy: ${neverIn}`)).toEqual([`${bySsh} freed`, `${byWeb} freed`]);
});

test("a back-test of a whole settings file takes its searches instead of those in force", async () => {
  const changesBy = await startBlocked();

  expect(await changesBy(`searches: [{ name: 'Web*', policy: ${neverIn} }]`)).toEqual([`${byWeb} freed`]);
  expect(
    await changesBy(
      `policy: ${neverIn}\nsearches: [{ name: 'Web*', policy: { block: [{ virustotal: { malicious: 5 } }] } }]`,
    ),
  ).toEqual([`${bySsh} freed`]);
});
