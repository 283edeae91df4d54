import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { FirewallConfig, SshLogin } from "../../src/config/config.ts";
import { offeredHostKeys } from "../../src/enforce/iptables-ssh/offered-host-keys.ts";
import type { Firewall } from "../../src/ports.ts";
import { add, failureOf, firewallOn, many, networksOn, outcomesOf, running } from "./firewall-desk.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";
import { type InnerSshd, startAgent, startInnerSshd } from "./ssh-extras.ts";
import { closing, quick } from "./stand-in-desk.ts";

const cannot = skipSystemTests();

describe.skipIf(cannot !== null)(
  `jump host and agent, with real sshd${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
    let host: FirewallHost;

    beforeAll(async () => {
      host = await startFirewallHost();
    });
    afterAll(() => host.stop());

    const outer = (changes: Partial<SshLogin> = {}): SshLogin => ({
      host: host.sshHost,
      port: host.sshPort,
      user: "root",
      password: null,
      privateKey: host.privateKey,
      agent: null,
      hostKeys: [host.hostKey],
      knownHosts: null,
      ...changes,
    });
    const inner = (sshd: InnerSshd, changes: Partial<FirewallConfig> = {}): Partial<FirewallConfig> => ({
      host: sshd.host,
      port: sshd.port,
      privateKey: sshd.privateKey,
      hostKeys: sshd.fingerprints.slice(0, 1),
      jump: outer(),
      ...changes,
    });
    const open = (changes: Partial<FirewallConfig>, timeouts = {}): Firewall =>
      closing(firewallOn(host, changes, timeouts));

    test("a firewall that only its jump host reaches is worked with", async () => {
      const sshd = await startInnerSshd(host.namespace);
      const firewall = open(inner(sshd));

      expect(await outcomesOf(firewall, [add("203.0.113.10/32", 30)])).toEqual(["verified"]);
      const outcomes = await outcomesOf(firewall, many(3000));
      expect(outcomes.every((outcome) => outcome === "verified")).toBe(true);
      expect(await networksOn(firewall)).toContain("203.0.113.10/32");
      // The other end of the session is the jump host.
      expect((await firewall.read(running)).ownAddresses).not.toContain("127.0.0.1");
    });

    test("a jump host that forbids forwarding says so", async () => {
      const sshd = await startInnerSshd(host.namespace, ["AllowTcpForwarding no"], host.sshHost);
      const jump = { ...outer(), ...sshd, hostKeys: sshd.fingerprints };

      const failure = await failureOf(open({ jump }).read(running));

      expect(failure).toMatchObject({ code: "SSH_UNREACHABLE", retryable: true });
      expect(failure.message).toContain("AllowTcpForwarding");
    });

    test("a key of any type is found, in whatever order the host has them", async () => {
      const sshd = await startInnerSshd(host.namespace);

      for (const fingerprint of sshd.fingerprints) {
        const firewall = open(inner(sshd, { hostKeys: [fingerprint] }));
        await expect(firewall.read(running)).resolves.toMatchObject({});
      }
    });

    test("every key that the host has is offered, best first", async () => {
      const sshd = await startInnerSshd(host.namespace);

      const keys = await offeredHostKeys(
        { ...outer(), host: sshd.host, port: sshd.port, hostKeys: [], jump: outer() },
        running,
      );

      expect(keys.map(({ type }) => type)).toEqual(["ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"]);
      expect(keys.map(({ fingerprint }) => fingerprint)).toEqual(sshd.fingerprints);
      const knownHosts = keys.map(({ line }) => line).join("\n");
      const firewall = open(inner(sshd, { hostKeys: [], knownHosts }));
      await expect(firewall.read(running)).resolves.toMatchObject({});
    });

    test("a frozen jump host is given up in time", async () => {
      const sshd = await startInnerSshd(host.namespace);
      const firewall = open(inner(sshd), quick);
      await firewall.read(running);
      const pids = (await host.sshdPids()).filter((pid) => pid !== sshd.child.pid);
      freeze(pids);

      const inSession = await failureOf(firewall.read(running));
      const atLogin = await failureOf(firewall.read(running));

      expect([inSession.code, atLogin.code]).toEqual(["FIREWALL_TIMEOUT", "FIREWALL_TIMEOUT"]);
      expect(atLogin.message).toContain("jump host of edge-1");
    });

    test("keys of an agent log in, at both hops", async () => {
      const sshd = await startInnerSshd(host.namespace);
      const agent = await startAgent([sshd.privateKey, host.privateKey ?? ""]);
      const login = { privateKey: null, agent };

      const firewall = open(inner(sshd, { ...login, jump: outer(login) }));

      expect(await outcomesOf(firewall, [add("203.0.113.11/32", 30)])).toEqual(["verified"]);
    });

    test("an agent without the right key is refused", async () => {
      const sshd = await startInnerSshd(host.namespace);
      const agent = await startAgent([sshd.privateKey]);

      const failure = await failureOf(open({ privateKey: null, agent }).read(running));

      expect(failure).toMatchObject({ code: "SSH_LOGIN_REFUSED", retryable: false });
    });

    test("a host that allows one session on a connection gets large batches over another", async () => {
      const sshd = await startInnerSshd(host.namespace, ["MaxSessions 1"]);
      const firewall = open(inner(sshd));
      await firewall.read(running);

      const outcomes = await outcomesOf(firewall, many(1500, 70));

      expect(outcomes.every((outcome) => outcome === "verified")).toBe(true);
      expect(await networksOn(firewall)).toContain("70.0.0.7/32");
      expect(await firewall.checkUp(running)).toBeNull();
    });
  },
);

/** Until the test is over. */
function freeze(pids: readonly number[]): void {
  for (const pid of pids) {
    process.kill(pid, "SIGSTOP");
  }
  onTestFinished(() => {
    for (const pid of pids) {
      try {
        process.kill(pid, "SIGCONT");
      } catch {
        // It has ended meanwhile.
      }
    }
  });
}
