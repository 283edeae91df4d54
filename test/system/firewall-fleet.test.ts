import { describe, expect, test } from "vitest";
import type { FirewallAddition } from "../../src/ports.ts";
import { eventually } from "../fakes/eventually.ts";
import { prefix } from "../fakes/samples.ts";
import { add, failureOf, many, networksOn, outcomesOf, running } from "./firewall-desk.ts";
import { openOn, standIn } from "./stand-in-desk.ts";

function addition(network: string, seconds = 600): FirewallAddition {
  return { kind: "add", prefix: prefix(network), seconds };
}

describe("what a firewall is asked and tells, with the stand-in:", () => {
  test("a block without end has none there", async () => {
    const host = await standIn();
    const firewall = openOn(host);

    expect(await outcomesOf(firewall, [add("203.0.113.1/32", Number.POSITIVE_INFINITY)])).toEqual([
      "verified",
    ]);

    const { entries } = await firewall.read(running);
    expect([...entries]).toEqual([["203.0.113.1/32", Number.POSITIVE_INFINITY]]);
  });

  test("drops and capacity are read", async () => {
    const host = await standIn();
    const firewall = openOn(host);
    await firewall.apply([add("203.0.113.1/32"), add("203.0.113.2/32")], running);
    host.drops.set(prefix("203.0.113.1/32"), { packets: 3, bytes: 252 });

    const { drops, capacity } = await firewall.read(running);

    expect([...drops]).toEqual([["203.0.113.1/32", { packets: 3, bytes: 252 }]]);
    expect(capacity).toEqual({ used: 2, most: 1_048_576 });
  });

  test("what the kernel has without dropping it is applied, and why", async () => {
    const host = await standIn();
    host.misbehave.onlyApplied = "the jump is not the first rule";

    expect(await outcomesOf(openOn(host), [add("203.0.113.1/32")])).toEqual([
      "applied: the jump is not the first rule",
    ]);
  });

  test("a rebuild leaves these and nothing else, in one request", async () => {
    const host = await standIn({ ownAddresses: [] });
    const firewall = openOn(host, {}, { neverBlock: () => [prefix("198.51.100.0/24")] });
    await firewall.apply([add("203.0.113.9/32")], running);

    const { results } = await firewall.rebuild(
      [addition("203.0.113.1/32"), addition("198.51.100.1/32"), addition("203.0.113.2/32")],
      running,
    );

    expect(results.map(({ outcome }) => outcome)).toEqual(["verified", "refused", "verified"]);
    expect([...host.entries().keys()]).toEqual(["203.0.113.1/32", "203.0.113.2/32"]);
    expect(host.counts).toMatchObject({ logins: 1, requests: 2, rebuilds: 1 });
  });

  test("a rebuild of nothing empties it", async () => {
    const host = await standIn();
    const firewall = openOn(host);
    await firewall.apply([add("203.0.113.9/32")], running);

    expect(await firewall.rebuild([], running)).toEqual({ results: [], repaired: [] });
    expect(await networksOn(firewall)).toEqual([]);
  });

  test("a rebuild of more than one transaction holds goes in parts, and ends the same", async () => {
    const host = await standIn();
    const firewall = openOn(host, {}, { mostAtOnce: 2000 });
    await firewall.apply([add("203.0.113.9/32")], running);
    const all = many(2001).flatMap((change) => (change.kind === "add" ? [change] : []));

    const { results } = await firewall.rebuild(all, running);

    expect(results).toHaveLength(all.length);
    expect(results.every(({ outcome }) => outcome === "verified")).toBe(true);
    expect(host.counts.rebuilds).toBe(0);
    expect(host.entries().size).toBe(all.length);
    expect(host.entries().has(prefix("203.0.113.9/32"))).toBe(false);
  });

  test("every run is told to drop outbound packets too, also after a lost connection", async () => {
    const host = await standIn();
    const firewall = openOn(host, { blocksOutbound: true });

    await firewall.apply([add("203.0.113.1/32")], running);
    expect(host.isOutbound()).toBe(true);
    await firewall.apply([add("203.0.113.2/32")], running);
    expect(host.isOutbound()).toBe(true);
    await firewall.apply(many(1200), running);
    expect(host.isOutbound()).toBe(true);

    host.misbehave.drop = true;
    await failureOf(firewall.read(running));
    host.misbehave.drop = false;
    await firewall.read(running);
    expect(host.isOutbound()).toBe(true);

    await openOn(host).read(running);
    expect(host.isOutbound()).toBe(false);
  });
});

describe("whether a firewall is up, with the stand-in:", () => {
  test("is asked by a new login, which leaves the standing session alone", async () => {
    const host = await standIn();
    const firewall = openOn(host);
    await firewall.read(running);

    expect(await firewall.checkUp(running)).toBeNull();

    expect(host.counts.logins).toBe(2);
    await eventually("the end of the second login", () => host.counts.open === 1, 2000);
    await firewall.read(running);
    expect(host.counts).toMatchObject({ logins: 2, runs: 2 });
  });

  test("a gateway that is silent is told", async () => {
    const host = await standIn();
    host.misbehave.gatewayIsSilent = true;

    expect(await openOn(host).checkUp(running)).toBe("its default gateway 192.0.2.254 does not answer");
  });

  test("a login that fails is told, though the session stands", async () => {
    const host = await standIn();
    const firewall = openOn(host);
    await firewall.read(running);
    host.misbehave.refuseLogin = true;

    expect(await firewall.checkUp(running)).toContain("login as root was refused");
    await firewall.read(running);
    expect(host.counts.logins).toBe(1);
  });

  test("a host that is silent is told in time", async () => {
    const host = await standIn();
    host.misbehave.hang = true;

    expect(await openOn(host).checkUp(running)).toContain("no answer within 500 ms");
    await eventually("the end of the login", () => host.counts.open === 0, 2000);
  });

  test("an abort rejects", async () => {
    const host = await standIn();
    host.misbehave.hang = true;
    const stopping = new AbortController();
    const firewall = openOn(host, {}, { timeouts: { silenceMs: 10_000 } });
    const check = failureOf(firewall.checkUp(stopping.signal));
    await eventually("the login", () => host.counts.runs === 1, 2000);

    stopping.abort();

    expect((await check).message).toContain("AbortError");
  });
});

describe("an installed helper, with the stand-in:", () => {
  test("is worked with whatever command is sent", async () => {
    const host = await standIn({ isHelper: true });
    const firewall = openOn(host, { via: "helper" });

    expect(await outcomesOf(firewall, [add("203.0.113.1/32")])).toEqual(["verified"]);
    expect(await outcomesOf(firewall, many(1200))).toHaveLength(1200);
    expect(await firewall.checkUp(running)).toBeNull();
    expect(host.entries().size).toBe(1201);
  });

  test("of another version is refused, with what to do", async () => {
    const host = await standIn({ isHelper: true });
    host.misbehave.isOutdated = true;

    const failure = await failureOf(openOn(host, { via: "helper" }).apply([add("203.0.113.1/32")], running));

    expect(failure).toMatchObject({ code: "FIREWALL_COMMAND_FAILED", retryable: true });
    expect(failure.message).toContain("of another version; run `portcullis firewall install edge-1`");
    expect(host.counts.requests).toBe(0);
  });

  test("that is not there is told, with what to do", async () => {
    const host = await standIn();

    const failure = await failureOf(openOn(host, { via: "helper" }).read(running));

    expect(failure.message).toContain(
      "the installed helper did not start (sh: not found); run `portcullis firewall install edge-1`",
    );
  });
});
