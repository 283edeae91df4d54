import { spawnSync } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { generateKeyPairSync } from "node:crypto";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { FirewallConfig } from "../../src/config/config.ts";
import type { Firewall } from "../../src/ports.ts";
import { add, failureOf, firewallOn, many, networksOn, outcomesOf, running } from "./firewall-desk.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";
import type { FirewallHostOptions } from "./sshd-files.ts";
import { closing, quick } from "./stand-in-desk.ts";

const cannot = skipSystemTests();

describe.skipIf(cannot !== null)(
  `the connection, to a real sshd${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
    let host: FirewallHost;

    beforeAll(async () => {
      host = await startFirewallHost();
    });
    afterAll(() => host.stop());

    const open = (changes: Partial<FirewallConfig> = {}): Firewall =>
      closing(firewallOn(host, changes, quick));

    test("known_hosts is as good as a pin", async () => {
      const firewall = open({ hostKeys: [], knownHosts: host.knownHosts });

      expect(await outcomesOf(firewall, [add("203.0.113.10/32", 5)])).toEqual(["verified"]);
    });

    test.each([
      [
        "names another host",
        () => host.knownHosts.replace(host.sshHost, "192.0.2.9"),
        "SSH_HOST_KEY_UNKNOWN",
      ],
      ["holds another key", () => host.knownHosts.replace(/\S+$/, otherKey), "SSH_HOST_KEY_CHANGED"],
      ["revokes the key", () => `${host.knownHosts}\n@revoked ${host.knownHosts}`, "SSH_HOST_KEY_CHANGED"],
    ])("a known_hosts file that %s is not", async (_what, knownHosts, code) => {
      const failure = await failureOf(open({ hostKeys: [], knownHosts: knownHosts() }).read(running));

      expect(failure).toMatchObject({ code, retryable: false });
    });

    test("a key of another is refused", async () => {
      const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
      const text = privateKey.export({ type: "sec1", format: "pem" }).toString();

      const failure = await failureOf(open({ privateKey: text }).read(running));

      expect(failure).toMatchObject({ code: "SSH_LOGIN_REFUSED", retryable: false });
    });

    test("a frozen host is given up in time, before and in the middle of a session", async () => {
      const firewall = open();
      await firewall.read(running);
      const pids = await host.sshdPids();
      for (const pid of pids) {
        process.kill(pid, "SIGSTOP");
      }
      onTestFinished(() => {
        for (const pid of pids) {
          try {
            process.kill(pid, "SIGCONT");
          } catch {
            // The session has ended meanwhile.
          }
        }
      });

      const inSession = await failureOf(firewall.read(running));
      const atLogin = await failureOf(firewall.read(running));

      expect([inSession.code, atLogin.code]).toEqual(["FIREWALL_TIMEOUT", "FIREWALL_TIMEOUT"]);
    });

    test("sshd killed in the middle of a batch is a failure; afterwards the same batch is verified", async () => {
      const firewall = closing(firewallOn(host));
      await firewall.apply([], running);
      const work = failureOf(firewall.apply(many(60_000), running));
      await pause(150);
      for (const pid of (await host.sshdPids()).slice(1)) {
        process.kill(pid, "SIGKILL");
      }

      expect((await work).code).toBe("SSH_UNREACHABLE");
      const outcomes = await outcomesOf(firewall, many(60_000));
      expect(outcomes.every((outcome) => outcome === "verified")).toBe(true);
      const { entries, faults } = await firewall.read(running);
      expect(faults).toEqual([]);
      expect(entries.size).toBeGreaterThanOrEqual(60_000);
    });

    test("the other end of the session is refused, though sudo or a proxy may hide it", async () => {
      const { ownAddresses } = await open().read(running);
      const controller = ownAddresses.at(-1);

      expect(controller).toMatch(/^10\.201\./);
      expect(await outcomesOf(open(), [add(`${controller}/32`)])).toEqual([
        expect.stringMatching(/^refused: (private address|other end)/),
      ]);
    });
  },
);

const otherKey = "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

const noSudo = spawnSync("sudo", ["-V"]).error === undefined ? null : "has no sudo";

describe.skipIf(cannot !== null || noSudo !== null)(
  `a user without root's rights${noSudo === null ? "" : `: skipped, this machine ${noSudo}`}`,
  () => {
    const login = { user: "portcullis", password: "correct horse" };

    async function open(
      sudoers: string,
      changes: Partial<FirewallConfig>,
      options: FirewallHostOptions = {},
    ) {
      const host = await startFirewallHost({ login: { ...login, sudoers }, ...options });
      onTestFinished(() => host.stop());
      return closing(firewallOn(host, { password: login.password, ...changes }));
    }

    test("logs in with a password and works through sudo, which keeps the other end of the session", async () => {
      const firewall = await open("portcullis ALL=(root) NOPASSWD: /bin/sh", { via: "sudo" });

      expect(await outcomesOf(firewall, [add("203.0.113.10/32")])).toEqual(["verified"]);
      expect(await outcomesOf(firewall, many(1200))).toHaveLength(1200);
      expect((await firewall.read(running)).ownAddresses.at(-1)).toMatch(/^10\.201\./);
      expect(await networksOn(firewall)).toContain("203.0.113.10/32");
    });

    test("is told which line of sudoers is missing", async () => {
      const firewall = await open("", { via: "sudo" });

      const failure = await failureOf(firewall.read(running));

      expect(failure.code).toBe("FIREWALL_COMMAND_FAILED");
      expect(failure.message).toContain("portcullis ALL=(root) NOPASSWD: /bin/sh");
    });

    test("is told to use sudo when it does not", async () => {
      const failure = await failureOf((await open("", { via: "root" })).read(running));

      expect(failure.message).toContain("not root on this host");
    });

    test("a wrong password is refused", async () => {
      const failure = await failureOf((await open("", { password: "wrong" })).read(running));

      expect(failure.code).toBe("SSH_LOGIN_REFUSED");
    });
  },
);
