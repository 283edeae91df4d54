import { expect, test } from "vitest";
import type { RecoveryWanted } from "../../src/ports.ts";
import { sampleAlert, sampleClaim, t0 } from "../fakes/samples.ts";
import { describeStore, newStore } from "../fakes/store-engines.ts";

const wanted = (sid: string, cause: RecoveryWanted["cause"]): RecoveryWanted => ({
  sid,
  alertId: null,
  cause,
  searchName: "SSH brute force",
  app: "search",
  owner: "admin",
  settings: null,
  isRepeated: true,
  dueAt: t0,
});

describeStore("what a recovery is for", (engine) => {
  test("one that is only to be checked fetches rows too when another alert of its sid wants them", async () => {
    const store = await newStore(engine);
    const sids = ["1760000400.1", "1760000400.2"];
    for (const [n, cause] of (["check", "rows", "check"] as const).entries()) {
      await store.insertAlerts([sampleAlert(`al_${n}`, { sid: "1760000400.1" })]);
      const recovery = wanted("1760000400.1", cause);
      await store.recordSightings(`al_${n}`, [], t0, {
        search: null,
        doubt: null,
        askedMode: null,
        recovery,
      });
    }

    // Both at once, in one transaction.
    const together = [wanted("1760000400.2", "rows"), wanted("1760000400.2", "check")];
    await store.recordMissed(together, { name: "catch-up", at: t0, holder: "a" }, t0);

    const claimed = await store.claimRecoveries(sampleClaim({ now: t0 }));
    expect(new Map(claimed.map(({ sid, cause }) => [sid, cause]))).toEqual(
      new Map(sids.map((sid) => [sid, "rows"])),
    );
  });
});
