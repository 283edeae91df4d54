import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";
import { scriptText } from "./script-desk.ts";

const cannot = skipSystemTests() ?? (spawnSync("sudo", ["-V"]).error === undefined ? null : "has no sudo");
const helper = "/usr/local/sbin/portcullis-fw";
const sudoers = "/etc/sudoers.d/portcullis";
const authorizedKeys = "/var/lib/portcullis-fw/.ssh/authorized_keys";
const sum = createHash("sha256").update(scriptText).digest("hex").slice(0, 12);
const scriptLines = scriptText
  .trimEnd()
  .split("\n")
  .map((line) => `script ${line}`);

describe.skipIf(cannot !== null)(
  `the script as a helper${cannot === null ? "" : `: skipped, this machine ${cannot}`}`,
  () => {
    let host: FirewallHost;
    let dir: string;
    let key: string;

    beforeAll(async () => {
      host = await startFirewallHost({ isInstallable: true });
      dir = mkdtempSync(join(tmpdir(), "portcullis-install-"));
      writeFileSync(join(dir, "key"), host.privateKey ?? "", { mode: 0o600 });
      key = spawnSync("ssh-keygen", ["-y", "-f", join(dir, "key")], { encoding: "utf8" }).stdout.trim();
    });
    afterAll(async () => {
      rmSync(dir, { recursive: true, force: true });
      await host.stop();
    });

    /** What an administrator's login answers. */
    const ask = async (...lines: readonly string[]) => {
      const command = 'printf "%s\\n" "$2" "end 1" | sh -c "$1" portcullis-fw session NONCE ""';
      const { stdout } = await host.execInside("sh", "-c", command, "sh", scriptText, lines.join("\n"));
      return stdout.split("\n").filter((line) => line !== "" && !line.startsWith("NONCE "));
    };
    const inside = async (command: string) => (await host.execInside("sh", "-c", command)).stdout.trim();

    /** What the helper's login answers, whatever command is asked for. */
    const logIn = (input: string, command = "portcullis-fw"): Promise<string> =>
      new Promise((resolve) => {
        const options = [
          "StrictHostKeyChecking=no",
          "UserKnownHostsFile=/dev/null",
          "BatchMode=yes",
          "LogLevel=ERROR",
        ];
        const child = execFile(
          "ssh",
          [
            ...options.flatMap((option) => ["-o", option]),
            "-F",
            "none",
            "-i",
            join(dir, "key"),
            "-p",
            String(host.sshPort),
            `portcullis@${host.sshHost}`,
            command,
          ],
          (_error, stdout, stderr) => {
            resolve(stdout + stderr);
          },
        );
        child.stdin?.on("error", () => undefined);
        child.stdin?.end(input);
      });

    test.each([
      ["a user that is root", "install root", "is there already and none of ours"],
      ["a user name with a command", "install x;id", "not a user name"],
      ["a user name that is an option", "install -r", "not a user name"],
      ["a user name in capitals", "install Portcullis", "not a user name"],
      ["a user name that is too long", `install ${"a".repeat(33)}`, "not a user name"],
      ["two user names", "install a\ninstall b", "not a user name"],
      ["no key", "install portcullis", "not one public key"],
      ["an option before the key", `install portcullis\nkey no-pty ssh-ed25519 AAAA`, "not one public key"],
      ["a key of no known type", "install portcullis\nkey ssh-dss AAAA", "not one public key"],
      ["a key with a quote", 'install portcullis\nkey ssh-ed25519 AA"AA', "not one public key"],
      [
        "a key with a control character",
        "install portcullis\nkey ssh-ed25519 AAAA a\u0007b",
        "not one public key",
      ],
      ["two keys", "install portcullis\nkey ssh-ed25519 AAAA\nkey ssh-ed25519 AAAB", "not one public key"],
      ["a removal of root", "uninstall root", "is there already and none of ours"],
    ])("%s is refused", async (_what, request, why) => {
      expect(await ask(request)).toEqual([expect.stringMatching(`^error .*${why}`)]);
      expect(await inside(`ls ${helper} ${sudoers} /var/lib/portcullis-fw 2>/dev/null`)).toBe("");
    });

    test("a script that is none is not put in place", async () => {
      const answer = await ask("install portcullis", `key ${key}`, "script if then fi (");

      expect(answer).toEqual([expect.stringMatching(/^error \/usr\/local\/sbin\/portcullis-fw: /)]);
      expect(await inside(`ls ${helper}*`)).toBe("");
    });

    test("is installed, and again without a change", async () => {
      const request = ["install portcullis", `key ${key} somebody@somewhere`, ...scriptLines];

      expect(await ask(...request)).toEqual([
        `installed ${helper}`,
        `installed ${sudoers}`,
        "installed user portcullis",
        `installed ${authorizedKeys}`,
        `installed helper ${sum}`,
      ]);
      expect(await ask(...request)).toEqual([`installed helper ${sum}`]);
      expect(await inside(`cat ${sudoers}`)).toBe(`portcullis ALL=(root) NOPASSWD: ${helper} ""`);
      expect(await inside(`cat ${authorizedKeys}`)).toBe(
        `restrict,command="sudo -n ${helper}" ${key} portcullis`,
      );
      const paths = `${helper} ${sudoers} /var/lib/portcullis-fw /var/lib/portcullis-fw/.ssh ${authorizedKeys}`;
      expect(await inside(`stat -c '%U:%G %a' ${paths}`)).toBe(
        ["root:root 755", "root:root 440", "root:root 755", "root:root 755", "root:root 644"].join("\n"),
      );
      expect(await inside("getent passwd portcullis")).toMatch(/:\/var\/lib\/portcullis-fw:\/bin\/sh$/);
      expect(await inside("getent shadow portcullis")).toMatch(/^portcullis:\*:/);
    });

    test("its login runs the script as root, whatever it asks for, and knows where it comes from", async () => {
      const answer = await logIn(
        "start session abc\nadd 203.0.113.10/32 60\nend 1\nread\nend 2\n",
        "cat /etc/shadow",
      );

      expect(answer).toContain(`abc ready 2 sets ${sum}\nabc begin 1\n`);
      expect(answer).toContain("\nverified 203.0.113.10/32\n");
      expect(answer).toMatch(/\nown 10\.201\.\d+\.\d+\n(?!own)/);
      expect(answer).not.toContain("root:");
      expect(await host.attacker.ping("203.0.113.10")).toBe(false);
    });

    test("its login takes a batch", async () => {
      const lines = Array.from({ length: 2000 }, (_, n) => `add 60.0.${n >> 8}.${n & 255}/32 60`);

      const answer = await logIn(`start batch abc\n${lines.join("\n")}\nend batch\n`);

      expect(answer.match(/^verified /gm)).toHaveLength(2000);
    });

    test.each(["id\n", "start session\n", "start shell abc\n", "start session $(id)\n", "\n", ""])(
      "its login does nothing for %j",
      async (input) => {
        expect(await logIn(input)).toContain("portcullis-fw: expects: start session|batch NONCE\n");
      },
    );

    test("its login can not change what it runs, nor make another", async () => {
      for (const request of [`install portcullis\nkey ${key}\nscript exit 0`, "uninstall portcullis"]) {
        expect(await logIn(`start session abc\n${request}\nend 1\n`)).toContain(
          "error the installed script does not change itself: log in as an administrator",
        );
      }
      expect(await inside(`sha256sum ${helper}`)).toMatch(new RegExp(`^${sum}`));
    });

    test("its user may run nothing else by sudo", async () => {
      const sudo = (command: string) => inside(`su portcullis -s /bin/sh -c 'sudo -n ${command}' 2>&1`);

      expect(await sudo("id")).toMatch(/password is required|not allowed/);
      expect(await sudo(`${helper} session NONCE`)).toMatch(/password is required|not allowed/);
    });

    test("is taken out again while its user is logged in, and then there is nothing of it", async () => {
      const before = await inside("getent passwd | wc -l");
      const pid = await inside(`su portcullis -s /bin/sh -c 'sleep 300 >/dev/null 2>&1 & echo $!'`);

      expect(await ask("uninstall portcullis")).toEqual([
        `removed ${authorizedKeys}`,
        `removed ${sudoers}`,
        `removed ${helper}`,
        "removed user portcullis",
      ]);
      await inside(`kill ${pid}`);
      expect(await ask("uninstall portcullis")).toEqual([]);
      expect(await inside(`ls -d ${helper} ${sudoers} /var/lib/portcullis-fw 2>/dev/null`)).toBe("");
      expect(Number(await inside("getent passwd | wc -l"))).toBe(Number(before) - 1);
      expect(await logIn("start session abc\nread\nend 1\n")).toContain("Permission denied");
    });

    test("users are made and removed by the tools of busybox where there are no others", async () => {
      // Debian's busybox can't: these take its words, and lock the account as it does.
      const cover = `mkdir -p /run/box && cp /usr/sbin/useradd /usr/sbin/userdel /run/box/ && PATH=/run/box:$PATH
for tool in useradd userdel; do mount --bind /dev/null /usr/sbin/$tool; mv /run/box/$tool /run/box/real-$tool; done
printf '#!/bin/sh\n[ "$1 $2 $3 $4 $6" = "-S -D -H -h -s" ] && exec real-useradd -r -M -d "$5" -s "$7" "$8"\n' >/run/box/adduser
printf '#!/bin/sh\nexec real-userdel -f "$1"\n' >/run/box/deluser
chmod +x /run/box/*`;
      const run = async (...lines: readonly string[]) => {
        const command = `${cover}\nprintf "%s\\n" "$2" "end 1" | sh -c "$1" portcullis-fw session NONCE ""`;
        const argv = ["unshare", "--mount", "sh", "-c", command, "sh", scriptText, lines.join("\n")];
        return (await host.execInside(...argv)).stdout;
      };

      expect(await run("install portcullis", `key ${key}`, ...scriptLines)).toContain(
        `installed helper ${sum}`,
      );
      expect(await inside("getent shadow portcullis")).toMatch(/^portcullis:\*:/);
      expect(await logIn("start session abc\nread\nend 1\n")).toContain("abc end 1");
      expect(await run("uninstall portcullis")).toContain("removed user portcullis");
      expect(await inside("getent passwd portcullis")).toBe("");
    });

    test("where sudo does not read our line, it says so", async () => {
      await inside("sed -i '/includedir/d' /etc/sudoers");

      const answer = await ask("install portcullis", `key ${key}`, ...scriptLines);

      expect(answer.at(-1)).toMatch(/^error sudo does not heed \/etc\/sudoers.d\/portcullis/);
    });
  },
);
