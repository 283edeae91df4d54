import { describe, expect, test } from "vitest";
import type { FirewallConfig, SshLogin } from "../../src/config/config.ts";
import { offeredHostKeys } from "../../src/enforce/iptables-ssh/offered-host-keys.ts";
import { eventually } from "../fakes/eventually.ts";
import type { SshFirewall } from "../fakes/ssh-firewall.ts";
import { add, failureOf, many, networksOn, outcomesOf, running } from "./firewall-desk.ts";
import { openOn, standIn } from "./stand-in-desk.ts";

function loginTo(host: SshFirewall, changes: Partial<SshLogin> = {}): SshLogin {
  return {
    host: host.host,
    port: host.port,
    user: "root",
    password: "secret",
    privateKey: null,
    agent: null,
    hostKeys: [host.hostKey],
    knownHosts: null,
    ...changes,
  };
}

describe("a jump host, with stand-ins:", () => {
  async function two(changes: Partial<SshLogin> = {}, firewallChanges: Partial<FirewallConfig> = {}) {
    const [bastion, host] = [await standIn(), await standIn()];
    const firewall = openOn(host, { jump: loginTo(bastion, changes), ...firewallChanges });
    return { bastion, host, firewall };
  }

  test("is the way to the firewall, and its connection ends with the firewall's", async () => {
    const { bastion, host, firewall } = await two();

    expect(await outcomesOf(firewall, [add("203.0.113.1/32")])).toEqual(["verified"]);
    expect(await outcomesOf(firewall, many(5000))).toHaveLength(5000);

    expect([bastion.counts.logins, bastion.counts.forwards, bastion.counts.runs]).toEqual([1, 1, 0]);
    await firewall.close();
    await eventually("both ends", () => bastion.counts.open + host.counts.open === 0, 2000);
  });

  test.each([
    ["has no pinned key", { hostKeys: [] }, "SSH_HOST_KEY_UNKNOWN", "run `portcullis firewall trust edge-1`"],
    [
      "has another key",
      { hostKeys: [`SHA256:${"A".repeat(43)}`] },
      "SSH_HOST_KEY_CHANGED",
      "NOT THE PINNED ONE",
    ],
    ["refuses the login", { password: "wrong" }, "SSH_LOGIN_REFUSED", "login as root was refused"],
    ["is not there", { port: 1 }, "SSH_UNREACHABLE", "ECONNREFUSED"],
  ])("that %s is told as such", async (_what, changes, code, why) => {
    const { host, firewall } = await two(changes);

    const failure = await failureOf(firewall.read(running));

    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(/jump host of edge-1 \(127\.0\.0\.1:\d+\)/);
    expect(failure.message.toLowerCase()).toContain(why.toLowerCase());
    expect(host.counts.logins).toBe(0);
  });

  test.each([
    [
      "has another key",
      { hostKeys: [`SHA256:${"A".repeat(43)}`] },
      "SSH_HOST_KEY_CHANGED",
      "NOT THE PINNED ONE",
    ],
    ["refuses the login", { password: "wrong" }, "SSH_LOGIN_REFUSED", "login as root was refused"],
    ["is not there", { port: 1 }, "SSH_UNREACHABLE", "the jump host can't connect to it"],
  ])("behind which the firewall %s is not blamed, and left", async (_what, changes, code, why) => {
    const { bastion, firewall } = await two({}, changes);

    const failure = await failureOf(firewall.read(running));

    expect(failure.code).toBe(code);
    expect(failure.message).toMatch(/ edge-1 \(127\.0\.0\.1:\d+ through 127\.0\.0\.1\): /);
    expect(failure.message).toContain(why);
    await eventually("its end", () => bastion.counts.open === 0, 2000);
  });

  test("that forbids forwarding is told, with what to change", async () => {
    const { bastion, firewall } = await two();
    bastion.misbehave.forwarding = "is forbidden";

    expect((await failureOf(firewall.read(running))).message).toContain("the jump host");
  });

  test("that never connects is given up in time", async () => {
    const { bastion, firewall } = await two();
    bastion.misbehave.forwarding = "hangs";

    const failure = await failureOf(firewall.read(running));

    expect(failure).toMatchObject({ code: "FIREWALL_TIMEOUT", retryable: true });
    await eventually("its end", () => bastion.counts.open === 0, 2000);
  });

  test("that goes away takes the connection with it, and is asked again", async () => {
    const { bastion, host, firewall } = await two();
    await firewall.read(running);
    bastion.dropConnections();
    await eventually("the end of the firewall's", () => host.counts.open === 0, 2000);

    expect(await outcomesOf(firewall, [add("203.0.113.1/32")])).toEqual(["verified"]);
    expect([bastion.counts.logins, host.counts.logins]).toEqual([2, 2]);
  });

  test("shows the way to the keys of the firewall", async () => {
    const [bastion, host] = [await standIn(), await standIn()];

    const keys = await offeredHostKeys({ ...loginTo(host), hostKeys: [], jump: loginTo(bastion) }, running);

    expect(keys.map(({ type, fingerprint }) => [type, fingerprint])).toEqual([["ssh-ed25519", host.hostKey]]);
    await eventually("their end", () => bastion.counts.open + host.counts.open === 0, 2000);
  });
});

describe("the keys a host offers, with the stand-in:", () => {
  test("are those that it is then known by, and nobody logs in", async () => {
    const host = await standIn();
    const keys = await offeredHostKeys({ ...loginTo(host), hostKeys: [], jump: null }, running);

    expect(keys).toEqual([
      {
        type: "ssh-ed25519",
        fingerprint: host.hostKey,
        line: expect.stringMatching(/^\[127\.0\.0\.1\]:\d+ ssh-ed25519 AAAA\S+$/),
      },
    ]);
    expect(host.counts.logins).toBe(0);
    const firewall = openOn(host, { hostKeys: [], knownHosts: keys[0]?.line ?? null });
    expect(await networksOn(firewall)).toEqual([]);
  });

  test("of a closed port are none, and it is told why", async () => {
    const host = await standIn();
    await host.stop();

    const failure = await failureOf(offeredHostKeys({ ...loginTo(host), hostKeys: [], jump: null }, running));

    expect(failure.code).toBe("SSH_UNREACHABLE");
    expect(failure.message).toContain("ECONNREFUSED");
  });
});

test("an SSH agent that is not there is told, and may come back", async () => {
  const host = await standIn();

  const failure = await failureOf(
    openOn(host, { password: null, agent: "/nowhere/agent.sock" }).read(running),
  );

  expect(failure).toMatchObject({ code: "SSH_LOGIN_REFUSED", retryable: true });
  expect(failure.message).toContain("the SSH agent at /nowhere/agent.sock can't be used");
});
