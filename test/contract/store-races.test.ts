import { setTimeout as wait } from "node:timers/promises";
import { sql } from "kysely";
import { expect, test } from "vitest";
import type { IpAddress } from "../../src/domain/ip-address.ts";
import type { Store } from "../../src/ports.ts";
import type { Queries } from "../../src/record/engine.ts";
import { endLookUps } from "../../src/record/finish-look-ups.ts";
import { openStore } from "../../src/record/open-store.ts";
import { parkSightings } from "../../src/record/park-sightings.ts";
import { openPostgres } from "../../src/record/postgres.ts";
import { blockWithin } from "../fakes/block-wishes.ts";
import { answer, park, sightMany, sightOne } from "../fakes/parking.ts";
import { after, ip, recordOf, sampleClaim, sampleDecision, t0 } from "../fakes/samples.ts";
import { describePostgres, describeStore } from "../fakes/store-engines.ts";

const act = (seconds: number) => ({ actor: "alice", reason: "storm", now: after(seconds) });
const silent = { warn: () => undefined };

describeStore("two replicas at the same moment", (engine) => {
  test("no block appears once the pause has been answered", async () => {
    const [a, b] = await engine.openTwo(await engine.newDatabase());
    for (let round = 0; round < 12; round += 1) {
      const placing = Array.from({ length: 20 }, (_, n) =>
        blockWithin(a, round * 20 + n, { ip: ip(`198.51.${round}.${n}`) }),
      );
      await wait(round);
      await b.pause(act(0));
      const standing = await b.standingBlocks(after(1));
      await Promise.all(placing);

      expect(await b.standingBlocks(after(1))).toHaveLength(standing.length);
      await b.resume(act(0));
    }
  });

  test("a limit that is noted always has its alarm, whoever resumes meanwhile", async () => {
    const [a, b] = await engine.openTwo(await engine.newDatabase());
    const limits = { perHour: 1 };
    for (let round = 0; round < 12; round += 1) {
      const placing = Array.from({ length: 20 }, (_, n) =>
        blockWithin(a, round * 20 + n, { ip: ip(`198.51.${round}.${n}`), limits }),
      );
      await wait(round);
      await b.resume(act(0));
      await Promise.all(placing);

      const { limited } = await b.controls();
      expect((await b.openAlarms()).length).toBe(limited === null ? 0 : 1);
    }
  });

  test("they don't pass together how many blocks may stand", async () => {
    const stores = await engine.openTwo(await engine.newDatabase());
    const limits = { active: 10 };
    for (let n = 0; n < 40; n += 1) {
      const store: Store = n % 2 === 0 ? stores[0] : stores[1];
      await blockWithin(store, n, { at: n / 100, limits });
    }

    expect(await stores[0].standingBlocks(after(1))).toHaveLength(10);
  });

  test("parking, answering, claiming, postponing and deciding the same addresses fail for nobody", async () => {
    const [a, b] = await engine.openTwo(await engine.newDatabase());
    const sightings = await sightMany(a, 60, 20);
    const rounds = Array.from({ length: 8 }, (_, round) => round);
    const some = (round: number, n: number) => sightings[(round * 13 + n * 7) % sightings.length];

    const work = [a, b].flatMap((store, replica) =>
      rounds.map(async (round) => {
        const those = Array.from({ length: 12 }, (_, n) => some(round + replica, replica === 0 ? n : 11 - n));
        const ips = those.flatMap((one) => (one === undefined ? [] : [one.ip]));
        await Promise.all([
          ...those.flatMap((one) => (one === undefined ? [] : [park(store, one, { now: after(round) })])),
          store.finishLookUps({
            provider: "virustotal",
            findings: ips.slice(0, 6).map((one) => answer(one, round)),
            dropped: ips.slice(6),
            now: after(round),
          }),
          store.claimLookUps("virustotal", sampleClaim({ now: after(round), leaseMs: 1 })),
          store.postponeLookUps("virustotal", ips, after(round)),
          ...those.map((one, n) =>
            store.recordDecision(
              recordOf(sampleDecision(`de_${replica}_${round}_${n}`, { action: "ignore", expiresAt: null }), {
                sightingId: one?.id ?? "",
              }),
            ),
          ),
        ]);
      }),
    );

    await expect(Promise.all(work)).resolves.toHaveLength(16);
  });
});

describePostgres("two replicas at the same moment", (server) => {
  test("an answer sees a sighting that is being parked", async () => {
    const databaseUrl = await server().createDatabase();
    const store = await openStore({ databaseUrl });
    const sighting = await sightOne(store, "al_1");
    const other = openPostgres(databaseUrl, silent);
    let finished = Promise.resolve();
    await other.writer.transaction().execute(async (trx) => {
      await parkSightings(other, trx, [
        {
          sightingId: sighting.id,
          until: after(86_400),
          reason: "virustotal: quota exhausted",
          providers: ["virustotal"],
          candidate: {
            ip: sighting.ip,
            severity: "medium",
            events: 1,
            searches: [],
            firewalls: 1,
            closeness: 0,
          },
          now: t0,
        },
      ]);
      finished = store.finishLookUps({
        provider: "virustotal",
        findings: [answer(sighting.ip, 1)],
        dropped: [],
        now: after(1),
      });
      await wait(100); // time in which it would have overlooked the sighting
    });
    await finished;

    expect(await store.claimSightings(sampleClaim({ now: after(1) }))).toMatchObject([{ id: sighting.id }]);
    expect(await store.lookUpBacklogs()).toEqual([]);
    await other.close();
    await store.close();
  });

  test("who ends look-ups and who postpones the same ones don't wait crosswise", async () => {
    const databaseUrl = await server().createDatabase();
    const store = await openStore({ databaseUrl });
    const ips = [ip("203.0.113.1"), ip("203.0.113.2")] as const;
    for (const address of ips) {
      await park(store, await sightOne(store, `al_${address}`, { address }));
    }
    const other = openPostgres(databaseUrl, silent);
    const end = (db: Queries, ended: IpAddress) =>
      endLookUps(other, db, [{ provider: "virustotal", ips: [ended], now: after(1) }]);
    let postponed = Promise.resolve();
    const ms = await other.writer.transaction().execute(async (trx) => {
      await end(trx, ips[1]);
      postponed = store.postponeLookUps("virustotal", ips, after(60));
      await wait(100); // time in which it would have locked the first and begun to wait for the second
      const startedAt = performance.now();
      await end(trx, ips[0]);
      return performance.now() - startedAt;
    });
    await postponed;

    // PostgreSQL looks for such a pair after a second.
    expect(ms).toBeLessThan(800);
    await other.close();
    await store.close();
  });

  test("every transaction sees what was committed while it waited, whatever the server's default", async () => {
    const databaseUrl = await server().createDatabase();
    const first = openPostgres(databaseUrl, silent);
    await sql`do $$ begin execute 'alter database ' || quote_ident(current_database())
      || ' set default_transaction_isolation = ''serializable'''; end $$`.execute(first.writer);
    await first.close();

    const second = openPostgres(databaseUrl, silent);
    const level = sql<{ level: string }>`select current_setting('transaction_isolation') as level`;

    expect((await level.execute(second.writer)).rows).toEqual([{ level: "read committed" }]);
    await second.writer.transaction().execute(async (trx) => {
      expect((await level.execute(trx)).rows).toEqual([{ level: "read committed" }]);
    });
    await second.close();
  });
});
