import { hash } from "node:crypto";
import { expect, test } from "vitest";
import { AppError } from "../../src/domain/errors.ts";
import { prefixOf } from "../../src/domain/ip-address.ts";
import { ip } from "../fakes/samples.ts";
import { eventually } from "../fakes/eventually.ts";
import { alertAbout } from "./api-desk.ts";
import { MemoryFirewall, MemoryNotifier, runApp, temporaryDir } from "./run-app.ts";

const attacker = "203.0.113.45";
const blocked = prefixOf(ip(attacker));

function alertIdOf(answer: unknown): string {
  return typeof answer === "object" && answer !== null && "alertId" in answer ? String(answer.alertId) : "";
}

test("an attacker is blocked, verified, and told about once", async () => {
  const { post, provider, firewall, notifier } = await runApp();
  provider.known.set(attacker, 8);

  await post(alertAbout(attacker));
  const story = await eventually("the message", () => notifier.stories[0]);

  expect(firewall.entries.get(blocked)).toBeGreaterThan(86_000);
  expect(story.decision).toMatchObject({ action: "block", ip: attacker, mode: "enforce" });
  expect(story.alert.searchName).toBe("SSH brute force");
  expect(story.sighting.count).toBe(57);
  expect(story.enforcements).toMatchObject([{ firewall: firewall.name, state: "verified" }]);
  expect(notifier.stories).toHaveLength(1);
});

test("in mode observe no firewall is ever touched, and the message says so", async () => {
  const { post, provider, firewall, notifier } = await runApp({ mode: "observe" });
  firewall.failure = new AppError("SSH_UNREACHABLE", "nobody may connect in mode observe", {
    retryable: true,
  });
  provider.known.set(attacker, 8);

  await post(alertAbout(attacker));
  const story = await eventually("the message", () => notifier.stories[0]);

  expect(story.decision).toMatchObject({ action: "block", mode: "observe" });
  expect(story.enforcements).toEqual([]);
  expect(firewall.applied).toEqual([]);
});

test("in mode approve a block waits for a person", async () => {
  const { post, provider, firewall, notifier } = await runApp({ mode: "approve" });
  provider.known.set(attacker, 8);

  await post(alertAbout(attacker));
  const story = await eventually("the message", () => notifier.stories[0]);

  expect(story.decision.action).toBe("hold");
  expect(firewall.applied).toEqual([]);
});

test("a hundred alerts about one address: one look-up, one block, one message", async () => {
  const { post, provider, firewall, notifier, store } = await runApp();
  provider.known.set(attacker, 8);

  await Promise.all(Array.from({ length: 100 }, () => post(alertAbout(attacker))));
  await eventually("all decided", async () => {
    const { decisions } = await store.counts(new Date());
    return (decisions["block"] ?? 0) + (decisions["ignore"] ?? 0) === 100;
  });
  await eventually("the message", () => notifier.stories[0]);

  expect(provider.asked).toEqual([attacker]);
  expect((await store.counts(new Date())).decisions).toEqual({ block: 1, ignore: 99 });
  expect(firewall.applied).toHaveLength(1);
  expect(notifier.stories).toHaveLength(1);
});

test.each([
  { name: "private", address: "10.1.2.3" },
  { name: "on the allow-list", address: "203.0.113.200" },
  { name: "of this machine", address: "192.0.2.77" },
])("an address that is $name is never asked about and never blocked", async ({ address }) => {
  const { post, provider, firewall, store } = await runApp();
  provider.known.set(address, 80);

  await post(alertAbout(address));
  await eventually("the decision", async () => (await store.counts(new Date())).decisions["ignore"] === 1);

  expect(provider.asked).toEqual([]);
  expect(firewall.applied).toEqual([]);
});

test("an address of a firewall is not blocked, not even by the first alert", async () => {
  const firewall = new MemoryFirewall();
  firewall.ownAddresses = [ip(attacker)];
  const { post, provider, store } = await runApp({ firewall });
  provider.known.set(attacker, 80);

  await post(alertAbout(attacker));
  await eventually("the decision", async () => (await store.counts(new Date())).decisions["ignore"] === 1);

  expect(firewall.applied).toEqual([]);
});

test("a provider that is down is asked again, and the attacker is blocked then", async () => {
  const { post, provider, firewall, store, advance } = await runApp();
  provider.known.set(attacker, 8);
  provider.failure = new AppError("PROVIDER_UNAVAILABLE", "down", { retryable: true });

  await post(alertAbout(attacker));
  await eventually("the failed look-up", () => provider.asked.length > 0);
  expect((await store.counts(new Date())).decisions).toEqual({});
  provider.failure = undefined;
  advance(600);

  await eventually("the block", () => firewall.entries.has(blocked));
});

test("a provider that refuses the key: one alarm, the address waits, and is blocked when the key is right", async () => {
  const { post, provider, notifier, store, advance } = await runApp();
  provider.known.set(attacker, 8);
  provider.failure = new AppError("PROVIDER_REFUSED_KEY", "wrong key", { retryable: false });

  await post(alertAbout(attacker));
  await eventually("the look-up that waits", async () => {
    const { lookUpsWaiting, sightingsWaiting } = await store.counts(new Date());
    return lookUpsWaiting === 1 && sightingsWaiting === 1;
  });
  await post(alertAbout("198.51.100.8"));
  const alarm = await eventually("the alarm", () => notifier.alarms[0]);
  expect(alarm.key).toBe("provider-key virustotal");
  expect(provider.asked).toHaveLength(1);

  provider.failure = undefined;
  advance(3700);
  // What is new wakes the queue; by itself it looks every ten seconds.
  await post(alertAbout("198.51.100.7"));
  await eventually("the block", async () => (await store.counts(new Date())).decisions["block"] === 1);
  expect(notifier.alarms).toHaveLength(1);
  expect(await store.openAlarms()).toEqual([]);
});

test("a firewall that is down delays the message only a little; it says why, and the block follows", async () => {
  const { post, provider, firewall, notifier, store, advance } = await runApp();
  firewall.failure = new AppError("SSH_UNREACHABLE", "firewall.example.net: connect ECONNREFUSED", {
    retryable: true,
  });
  provider.known.set(attacker, 8);

  const { body } = await post(alertAbout(attacker));
  const decisionId = `de_${hash("sha256", JSON.stringify([alertIdOf(body), attacker]), "hex").slice(0, 32)}`;
  await eventually("the fault on record", async () => {
    const { decisions } = await store.counts(new Date());
    return decisions["block"] === 1 && (await store.story(decisionId)).enforcements[0]?.error;
  });
  advance(20);
  const story = await eventually("the message", () => notifier.stories[0]);
  expect(story.enforcements).toMatchObject([
    { state: "requested", error: expect.stringContaining("ECONNREFUSED") },
  ]);

  firewall.failure = undefined;
  advance(60);
  await eventually("the block", () => firewall.entries.has(blocked));
});

test("unblock lifts it on the firewall, and the next alert does not block it again", async () => {
  const { app, post, provider, firewall, adminToken, store } = await runApp();
  provider.known.set(attacker, 8);
  await post(alertAbout(attacker));
  await eventually("the block", () => firewall.entries.has(blocked));

  const answer = await fetch(`${app.url()}/api/v1/blocks/${attacker}`, {
    method: "DELETE",
    headers: { Authorization: `Bearer ${adminToken}` },
  });
  await eventually("the lift", () => !firewall.entries.has(blocked));
  await post(alertAbout(attacker));
  await eventually("the decision", async () => (await store.counts(new Date())).decisions["watch"] === 1);

  expect(answer.status).toBe(200);
  expect(firewall.entries.size).toBe(0);
});

test("unblock works in mode observe too: a block of earlier is taken off, and nothing is put on", async () => {
  const dataDir = temporaryDir();
  const first = await runApp({ dataDir });
  first.provider.known.set(attacker, 8);
  await first.post(alertAbout(attacker));
  await eventually("the block", () => first.firewall.entries.has(blocked));
  await first.app.stop();

  const second = await runApp({ dataDir, mode: "observe", firewall: first.firewall });
  second.provider.known.set("203.0.113.46", 8);
  await second.post(alertAbout("203.0.113.46"));
  await fetch(`${second.app.url()}/api/v1/blocks/${attacker}`, {
    method: "DELETE",
    headers: { Authorization: `Bearer ${second.adminToken}` },
  });

  await eventually("the lift", () => !second.firewall.entries.has(blocked));
  await eventually("the message", () => second.notifier.stories.length > 0);
  expect(second.firewall.applied.filter(({ kind }) => kind === "add")).toHaveLength(1);
  expect(second.firewall.entries.size).toBe(0);
});

test("a message that could not be sent goes out after a restart", async () => {
  const dataDir = temporaryDir();
  const notifier = new MemoryNotifier();
  notifier.failure = new AppError("MAIL_UNDELIVERED", "mail.example.net:587: ECONNREFUSED", {
    retryable: true,
  });
  const first = await runApp({ dataDir, notifier, mode: "observe" });
  first.provider.known.set(attacker, 8);
  await first.post(alertAbout(attacker));
  await eventually(
    "the decision",
    async () => (await first.store.counts(new Date())).decisions["block"] === 1,
  );
  await first.app.stop();

  notifier.failure = undefined;
  const second = await runApp({ dataDir, notifier, mode: "observe" });
  second.advance(600);

  await eventually("the message", () => notifier.stories[0]);
  expect(notifier.stories).toHaveLength(1);
});

test("probes, status, and no API without the token", async () => {
  const { app, adminToken } = await runApp();
  const get = (path: string, token?: string) =>
    fetch(app.url() + path, token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } });

  expect((await get("/healthz")).status).toBe(200);
  expect((await get("/readyz")).status).toBe(200);
  expect((await get("/api/v1/status")).status).toBe(401);
  expect((await get("/api/v1/status", "wrong")).status).toBe(401);
  const status = await get("/api/v1/status", adminToken);

  expect(await status.json()).toMatchObject({
    version: "test",
    mode: "enforce",
    counts: { alerts: 0 },
    firewalls: [{ name: "192.0.2.1", host: "192.0.2.1", enabled: true, via: "root" }],
  });
  expect((await get("/api/v1/firewalls", "wrong")).status).toBe(401);
  expect((await get("/api/v1/blocks")).status).toBe(401);
  const metrics = await get("/metrics");
  expect(metrics.status).toBe(200);
  expect(await metrics.text()).toContain('portcullis_build_info{version="test",mode="enforce"} 1');
});

test("stop is clean, and twice is harmless", async () => {
  const { app } = await runApp();

  await Promise.all([app.stop(), app.stop()]);

  await expect(fetch(`${app.url()}/healthz`)).rejects.toThrow("fetch failed");
});
