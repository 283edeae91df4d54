import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { runApp, temporaryDir } from "./run-app.ts";

const Report = z.object({
  now: z.object({ action: z.string(), reasons: z.array(z.string()), missing: z.array(z.string()) }),
});

/** Tells what would be decided about an address that no alert has named. */
async function startAsking(yaml = "") {
  const dataDir = temporaryDir();
  writeFileSync(join(dataDir, "portcullis.yaml"), yaml);
  const { app, adminToken, provider } = await runApp({ dataDir });
  const decisionNow = async (address: string) => {
    const answer = await fetch(`${app.url()}/api/v1/addresses/${address}`, {
      headers: { Authorization: `Bearer ${adminToken}` },
    });
    return Report.parse(await answer.json()).now;
  };
  return { decisionNow, provider };
}

test("an address that was never asked about would be asked about, and nobody has failed", async () => {
  const { decisionNow, provider } = await startAsking();

  expect(await decisionNow("203.0.113.99")).toEqual({
    action: "watch",
    reasons: ["no rule holds"],
    missing: ["virustotal"],
  });
  expect(provider.asked).toEqual([]);
});

test("nobody would be asked about one that is protected, or where no rule asks", async () => {
  const { decisionNow } = await startAsking("policy: { block: [{ abuseipdb: { score: 90 } }], hold: [] }");

  expect(await decisionNow("203.0.113.200")).toEqual({
    action: "ignore",
    reasons: ["protected: 203.0.113.200 is on the allow-list"],
    missing: [],
  });
  expect(await decisionNow("203.0.113.99")).toMatchObject({ reasons: ["no rule holds"], missing: [] });
});
