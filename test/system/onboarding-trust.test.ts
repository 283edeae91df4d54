import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { firewallCheck } from "../../src/cli/firewall-check.ts";
import { firewallTrust } from "../../src/cli/firewall-trust.ts";
import type { Host } from "../../src/cli/host.ts";
import { startTcpRelay } from "../fakes/tcp-relay.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";
import { type Desk, openDesk } from "./onboarding-desk.ts";
import { runPortcullis } from "./run-process.ts";

const cannot = skipSystemTests();
const trust = (host: Host) => firewallTrust(host, "edge-1", {});

describe.skipIf(cannot !== null)(
  `firewall trust, with a real sshd${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
    let host: FirewallHost;
    beforeAll(async () => {
      host = await startFirewallHost();
    });
    afterAll(() => host.stop());

    const unpinned = (): Desk => openDesk(host, { hostKey: null });
    const keysIn = ({ dir }: Desk): string => join(dir, "data", "known_hosts");
    const named = () => `[${host.sshHost}]:${host.sshPort}`;

    test("shows the key and how to compare it; after yes it is pinned, privately, and the login works", async () => {
      const desk = unpinned();

      const { code, out } = await desk.run(trust, "yes\n");

      expect(code).toBe(0);
      expect(out).toContain(`ssh-ed25519  ${host.hostKey}`);
      expect(out).toContain("ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub");
      expect(out).toContain(`hostKey: ${host.hostKey}`);
      expect(statSync(keysIn(desk)).mode & 0o777).toBe(0o600);
      expect(
        execFileSync("ssh-keygen", ["-lF", named(), "-f", keysIn(desk)], { encoding: "utf8" }),
      ).toContain(host.hostKey.slice("SHA256:".length));
      expect((await desk.run((one) => firewallCheck(one, "edge-1", {}))).err).not.toContain("host key");
    });

    test.each(["no\n", "y\n", "YES\n", "\n", ""])("after %j nothing is written", async (answer) => {
      const desk = unpinned();

      const { code, err } = await desk.run(trust, answer);

      expect(code).toBe(1);
      expect(err).toContain("Nothing was written");
      expect(existsSync(keysIn(desk))).toBe(false);
    });

    test("--yes asks nobody; once more there is nothing to do, and other lines stay", async () => {
      const desk = unpinned();
      await desk.run((one) => firewallTrust(one, "edge-1", { yes: true }));
      const first = readFileSync(keysIn(desk), "utf8");
      writeFileSync(keysIn(desk), `192.0.2.1 ssh-ed25519 AAAA\n${first.trimEnd()}`);

      const again = await desk.run((one) => firewallTrust(one, "edge-1", { yes: true }));

      expect(again).toMatchObject({ code: 0, out: expect.stringContaining("nothing to do") });
      expect(readFileSync(keysIn(desk), "utf8")).toBe(`192.0.2.1 ssh-ed25519 AAAA\n${first.trimEnd()}`);
    });

    test("a line is added below others, though the last has no end", async () => {
      const desk = unpinned();
      await desk.run(trust, "no\n");
      execFileSync("mkdir", ["-p", join(desk.dir, "data")]);
      writeFileSync(keysIn(desk), "192.0.2.1 ssh-ed25519 AAAA");

      await desk.run(trust, "yes\n");

      expect(readFileSync(keysIn(desk), "utf8")).toMatch(
        /^192\.0\.2\.1 ssh-ed25519 AAAA\n\[[\d.]+\]:\d+ ssh-ed25519 \S+ portcullis: edge-1 trusted \S+\n$/,
      );
    });

    test("another key that was confirmed is never replaced: the line to delete is shown", async () => {
      const desk = unpinned();
      await desk.run(trust, "yes\n");
      const other = readFileSync(keysIn(desk), "utf8").replace(/(ssh-ed25519) \S+/, `$1 ${otherKey}`);
      writeFileSync(keysIn(desk), `# mine\n${other}`);

      const { code, err } = await desk.run((one) => firewallTrust(one, "edge-1", { yes: true }));

      expect(code).toBe(1);
      expect(err).toMatch(/ANOTHER KEY.*Nothing was written/);
      expect(err).toContain(`offered: ${host.hostKey}`);
      expect(err).toMatch(/trusted on \d{4}-\d\d-\d\d\n/);
      expect(err).toContain(`delete line 2 of that file:\n  ${other.trim()}`);
      expect(readFileSync(keysIn(desk), "utf8")).toBe(`# mine\n${other}`);
    });

    test("another key in the settings is never overruled", async () => {
      const desk = openDesk(host, { hostKey: `SHA256:${"A".repeat(43)}` });

      const { code, err } = await desk.run(trust, "yes\n");

      expect(code).toBe(1);
      expect(err).toContain("by hostKey in the settings");
      expect(existsSync(keysIn(desk))).toBe(false);
    });

    test("the same key in the settings is enough", async () => {
      expect(await openDesk(host).run(trust)).toMatchObject({
        code: 0,
        out: expect.stringContaining("by hostKey in the settings"),
      });
    });

    test("a revoked key, and a file of the settings that does not hold the host, are refused", async () => {
      const desk = openDesk(host, { hostKey: null, knownHostsFile: "mine" });
      writeFileSync(join(desk.dir, "mine"), "192.0.2.1 ssh-ed25519 AAAA\n");
      const elsewhere = await desk.run(trust, "yes\n");
      writeFileSync(join(desk.dir, "mine"), `@revoked ${host.knownHosts}\n`);
      const revoked = await desk.run(trust, "yes\n");

      expect([elsewhere.code, revoked.code]).toEqual([1, 1]);
      expect(elsewhere.err).toContain(host.knownHosts.split(" ").slice(0, 3).join(" "));
      expect(revoked.err).toContain("REVOKED");
      expect(existsSync(keysIn(desk))).toBe(false);
    });

    test("a name that nobody has: those that exist are listed", async () => {
      const { code } = await unpinned().run((one) => firewallTrust(one, "edge-9\u001b[2J", {}));

      expect(code).toBe("CONFIG_INVALID: no firewall is called edge-9\ufffd[2J; configured: edge-1");
    });

    test("the jump host comes first: its key must be pinned before it is logged in to", async () => {
      // The same sshd under another address.
      const relay = await startTcpRelay({ host: host.sshHost, port: host.sshPort });
      onTestFinished(() => relay.stop());
      const jump = { host: "127.0.0.1", port: relay.port, user: "root", privateKeyFile: "ssh_key" };
      const desk = openDesk(host, { hostKey: null, jump });

      const refused = await desk.run(trust, "no\nyes\n");
      const half = await desk.run(trust, "yes\nno\n");
      const { code, out } = await desk.run(trust, "yes\n");

      expect([refused.code, half.code, code]).toEqual([1, 1, 0]);
      expect(refused.out).not.toContain("edge-1 (10.");
      expect(half.out).toContain("the jump host of edge-1 (127.0.0.1");
      expect(half.out).toMatch(/under `jump:`:\n {2}hostKey: SHA256:/);
      expect(out).toContain("nothing to do");
      expect(readFileSync(keysIn(desk), "utf8").match(/trusted/g)).toHaveLength(2);
    });

    test("as a process: it asks, takes the answer, and ends", async () => {
      const desk = unpinned();

      const process = runPortcullis(["firewall", "trust", "edge-1"], {}, desk.dir, "yes\n");

      expect(await process.ended).toBe(0);
      expect(process.out()).toContain("Type yes: ");
      expect(existsSync(keysIn(desk))).toBe(true);
    });

    test("a jump host that is not there is told as such", async () => {
      const jump = { host: "127.0.0.1", port: 9, user: "root", privateKeyFile: "ssh_key" };

      const { code } = await openDesk(host, { hostKey: null, jump }).run(trust, "yes\n");

      expect(code).toMatch(/^SSH_UNREACHABLE: jump host of edge-1 \(127\.0\.0\.1:9\): .*ECONNREFUSED/);
    });

    test("a host that is not there", async () => {
      const { code } = await openDesk({ ...host, sshPort: 1 }, { hostKey: null }).run(trust, "yes\n");

      expect(code).toMatch(/^SSH_UNREACHABLE: .*ECONNREFUSED/);
    });
  },
);

const otherKey = "AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
