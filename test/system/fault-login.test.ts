import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aMinute, type FaultDesk, openFaultDesk } from "./fault-desk.ts";
import { inside, killSshd, sshdDirectory } from "./fault-host.ts";
import { kernelOf } from "./fault-kernel.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";

const cannot = skipSystemTests();
const run = promisify(execFile);
const login = {
  user: "pcfault",
  password: "correct-horse-9",
  sudoers: "pcfault ALL=(root) NOPASSWD: /bin/sh",
};
/** After a refused login the firewall is left alone for five minutes. */
const fiveMinutes = 301_000;

describe.skipIf(cannot !== null)(
  `faults of the login${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
    let host: FirewallHost;
    let desk: FaultDesk;
    let dir: string;
    let files: ReadonlyMap<string, Buffer>;

    beforeAll(async () => {
      host = await startFirewallHost({ login });
      dir = await sshdDirectory(host);
      const names = ["sshd_config", "shadow", "sudoers", "host_key", "host_key.pub"];
      files = new Map(names.map((name) => [join(dir, name), readFileSync(join(dir, name))]));
      desk = await openFaultDesk({
        host,
        config: { via: "sudo", password: login.password },
        timeouts: { silenceMs: 1200 },
      });
    });
    afterAll(async () => {
      await desk.close();
      await host.stop();
    });

    /** As after an upgrade or a reboot: nothing stays connected. */
    const restartSshd = async (): Promise<void> => {
      await killSshd(host);
      await host.startSshd();
    };
    const repair = async (): Promise<void> => {
      for (const [path, content] of files) {
        writeFileSync(path, content);
      }
      await restartSshd();
    };
    /** From now on whoever logs in gets this, and a banner that is no text. */
    const force = async (command: string): Promise<void> => {
      const program = join(dir, "forced");
      writeFileSync(program, `#!/bin/sh\n${command}\n`, { mode: 0o755 });
      writeFileSync(join(dir, "banner"), randomBytes(3000));
      appendFileSync(join(dir, "sshd_config"), `\nBanner ${join(dir, "banner")}\nForceCommand ${program}\n`);
      await restartSshd();
    };
    const said = async (): Promise<string> => {
      const { state, error } = await desk.record();
      return `${state}: ${error}`;
    };

    test("the password is another one: said at once, not tried again soon, well when it is right again", async () => {
      const { stdout } = await run("openssl", ["passwd", "-6", "another"]);
      const shadow = readFileSync(join(dir, "shadow"), "utf8");
      writeFileSync(join(dir, "shadow"), shadow.replace(/^pcfault:[^:]*:/m, `pcfault:${stdout.trim()}:`));
      await restartSshd();

      await desk.step(aMinute);
      const firstTriedAt = (await desk.record()).checkedAt;
      await desk.step(fiveMinutes - aMinute);

      expect((await desk.record()).checkedAt).toEqual(firstTriedAt);
      expect(await said()).toContain("unreachable: edge-1");
      expect(await said()).toContain("login as pcfault was refused");
      expect(await said()).not.toContain(login.password);
      await repair();
      expect(await desk.wrongAfterARound(fiveMinutes)).toEqual([]);
    });

    test("sudo is revoked: the message holds the line that is missing", async () => {
      writeFileSync(join(dir, "sudoers"), "Defaults env_reset\n");
      await restartSshd();
      await desk.block("192.0.2.101/32");

      await desk.step(aMinute);

      expect(await said()).toContain(login.sudoers);
      await repair();
      expect(await desk.wrongAfterARound()).toEqual([]);
    });

    test("the host key is another one: nothing is sent, and it is said loudly", async () => {
      for (const name of ["host_key", "host_key.pub"]) {
        rmSync(join(dir, name));
      }
      const key = join(dir, "host_key");
      await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
      const offered = (await run("ssh-keygen", ["-lf", `${key}.pub`])).stdout.split(" ")[1];
      // Whoever has put himself in between lets everybody in.
      await force("touch /run/entered; exec sh");
      await desk.block("192.0.2.102/32");

      await desk.step(aMinute);

      expect(await said()).toContain("unreachable: edge-1");
      expect(await said()).toContain(offered);
      expect(await said()).toMatch(/host key is not the pinned one.*nothing was sent/i);
      expect((await inside(host, "ls /run")).stdout).not.toContain("entered");
      expect((await kernelOf(host, "sets")).entries.has("192.0.2.102/32")).toBe(false);
      await repair();
      expect(await desk.wrongAfterARound(fiveMinutes)).toEqual([]);
    });

    test("banner and login shell print garbage: it is left out", async () => {
      await force(
        `head -c 200000 /dev/urandom; echo verified 203.0.113.9/32; printf 'error no'; eval "$SSH_ORIGINAL_COMMAND"`,
      );

      expect(await desk.wrongAfterARound()).toEqual([]);
      await repair();
    });

    test.each([
      ["cut off in the middle", `eval "$SSH_ORIGINAL_COMMAND" | head -c 900`],
      [
        "to a request from which a change is missing",
        `sed -u '/^add 192[.]0[.]2[.]1../d' | eval "$SSH_ORIGINAL_COMMAND"`,
      ],
      ["without what became of a change", `eval "$SSH_ORIGINAL_COMMAND" | sed -u 's/^verified/& not/'`],
      [
        "with numbers that are none",
        `eval "$SSH_ORIGINAL_COMMAND" | sed -u 's/^\\(entry [^ ]*\\).*/\\1 99z/'`,
      ],
      ["nothing but garbage", "exec cat /dev/urandom"],
      ["nothing at all", "exec sleep 60"],
    ])("answers come %s: nothing is taken for verified that was not read", async (what, command) => {
      await force(command);
      const network = `192.0.2.${what.length + 110}/32`;
      await desk.block(network);

      await desk.step(aMinute);
      const { state } = await desk.record();
      const isClaimed = state === "in-sync" || (await desk.states())[network] === "verified";
      const isThere = (await kernelOf(host, "sets")).entries.has(network);

      expect(isClaimed && !isThere).toBe(false);
      await repair();
      expect(await desk.wrongAfterARound()).toEqual([]);
    });
  },
);
