import { join } from "node:path";
import { openStore } from "../../src/record/open-store.ts";
import { ip, prefix, recordOf, sampleAlert, sampleDecision } from "../fakes/samples.ts";

const atOnce = 2000;

/** The nth of the networks that are seeded: single public addresses. */
export function seededNetwork(n: number) {
  return prefix(`${60 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}.7/32`);
}

/** Puts so many standing blocks of mode `enforce` into the database below `dataDir`, for these firewalls. */
export async function seedBlocks(
  dataDir: string,
  count: number,
  firewalls: readonly string[],
): Promise<void> {
  const store = await openStore({ databaseUrl: `sqlite:${join(dataDir, "portcullis.db")}` });
  const decidedAt = new Date();
  const expiresAt = new Date(decidedAt.getTime() + 86_400_000);
  try {
    await store.insertAlerts([sampleAlert("al_seed")]);
    for (let start = 0; start < count; start += atOnce) {
      const batch = Array.from({ length: Math.min(atOnce, count - start) }, (_, n) => start + n);
      await Promise.all(
        batch.map((n) => {
          const network = seededNetwork(n);
          const address = ip(network.slice(0, -3));
          const decision = sampleDecision(`de_seed_${n}`, {
            alertId: "al_seed",
            ip: address,
            mode: "enforce",
            decidedAt,
            expiresAt,
          });
          return store.recordDecision(
            recordOf(decision, { firewalls, groups: null, prefix: network, notifications: [] }),
          );
        }),
      );
    }
  } finally {
    await store.close();
  }
}
