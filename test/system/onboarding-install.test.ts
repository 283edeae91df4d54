import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import ssh2 from "ssh2";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { firewallCheck } from "../../src/cli/firewall-check.ts";
import { firewallInstall, type InstallOptions } from "../../src/cli/firewall-install.ts";
import { firewallRemove } from "../../src/cli/firewall-remove.ts";
import { type FirewallHost, skipSystemTests, startFirewallHost } from "./namespaces.ts";
import { type Desk, openDesk } from "./onboarding-desk.ts";

const cannot = skipSystemTests();
const title = cannot === null ? "" : `: skipped, this machine ${cannot}`;

/** A system of its own to install things in. */
const ownSystem = [
  "config=$(tr '\\0' '\\n' </proc/$$/cmdline | sed -n 's/.* -f \\(.*sshd_config\\)$/\\1/p')",
  'sed -i "s|^AuthorizedKeysFile .*|& %h/.ssh/authorized_keys|" "$config"',
  "for name in etc usr/local/sbin; do",
  '  mkdir -p "/run/view/$name"',
  '  cp -a "/$name/." "/run/view/$name"',
  '  mount --bind "/run/view/$name" "/$name"',
  "done",
  "mount -t tmpfs tmpfs /var/lib",
].join("\n");

/** A key that nobody has let in yet. */
function newKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "sec1", format: "pem" }).toString();
}

describe.skipIf(cannot !== null)(`firewall install, on a real system${title}`, () => {
  let host: FirewallHost;
  const key = newKey();
  beforeAll(async () => {
    host = await startFirewallHost({ prepare: ownSystem });
  });
  afterAll(() => host.stop());

  /** The settings before: an administrator's login with a key that the helper's login shall have too. */
  function before(changes: Readonly<Record<string, unknown>> = {}): Desk {
    const desk = openDesk({ ...host, privateKey: key }, changes);
    writeFileSync(join(desk.dir, "admin_key"), host.privateKey ?? "", { mode: 0o600 });
    return desk;
  }

  const after = (): Desk => before({ user: "portcullis", via: "helper" });

  const install = (desk: Desk, options: InstallOptions = {}) =>
    desk.run((one) => firewallInstall(one, "edge-1", { loginKey: "admin_key", ...options }));

  test("sets up a login that works, and says which lines to change", async () => {
    const { code, out } = await install(before());

    expect(code).toBe(0);
    expect(out).toMatch(/^installed .*\/usr\/local\/sbin\/portcullis-fw/m);
    expect(out).toContain("It works: logged in as portcullis");
    expect(out).toMatch(/ {4}user: portcullis\n {4}via: helper\n/);
  });

  test("that login can run the helper, and nothing else", async () => {
    await install(before());

    const { out } = await after().run((one) => firewallCheck(one, "edge-1", {}));

    expect(out).toMatch(/^ok {7}login .* portcullis@/m);
    expect(out).toMatch(/^ok {7}rights .* the installed helper, of this very version/m);
    expect(out).toMatch(/ 0 bad\n$/);
    expect(await shellOf(host, key)).toBe("portcullis-fw: expects: start session|batch NONCE\n");
  });

  test.each(["sudo", "root"])("left at via: %s, the settings are told to be wrong", async (via) => {
    await install(before());

    const { out } = await before({ user: "portcullis", via }).run((one) => firewallCheck(one, "edge-1", {}));

    expect(out).toMatch(/^bad +rights +edge-1 .*: this login can run only the helper: set `via: helper`$/m);
  });

  test("root behind via: helper is not said to be unable to do more", async () => {
    const { code } = await install(before({ via: "helper" }), {});

    expect(code).toMatch(/^CONFIG_INVALID: edge-1 has `via: helper`.*--login-user root/);
    expect(code).not.toContain("who can run");
  });

  test("once more is an upgrade: a helper of another version is refused, and then replaced", async () => {
    await install(before());
    const pid = (await host.sshdPids())[0];
    const helper = "/usr/local/sbin/portcullis-fw";
    await host.exec("nsenter", "-t", String(pid), "-m", "sh", "-c", `echo '# old' >>${helper}`);

    const old = await after().run((one) => firewallCheck(one, "edge-1", {}));
    const refused = await install(after(), {});
    const { code, out } = await install(after(), { loginUser: "root" });

    expect(old.out).toMatch(/^bad .*another version.*firewall install edge-1/m);
    expect(refused.code).toMatch(/^CONFIG_INVALID: .*--login-user/);
    expect(code).toBe(0);
    expect(out).toContain("nothing is to be changed");
  });

  test.each([
    ["root", /can't be the helper's user/],
    ["Admin User", /--user: expected/],
    ["daemon", /daemon.*is there already/],
  ])("never takes over the login of %s", async (user, why) => {
    const { code } = await install(before(), { user });

    expect(code).toMatch(why);
  });

  test("a login without a key is told to have one", async () => {
    const desk = openDesk({ ...host, privateKey: null }, { password: "correct horse" });
    writeFileSync(join(desk.dir, "admin_key"), host.privateKey ?? "", { mode: 0o600 });

    const { code } = await install(desk);

    expect(code).toMatch(/^CONFIG_INVALID: .*ssh-keygen -t ed25519/);
    expect(code).not.toContain("correct horse");
  });

  test("remove --helper takes the helper out with everything else", async () => {
    await install(before());

    const options = { helper: true, loginUser: "root", loginKey: "admin_key" } as const;
    const { code, out } = await after().run((one) => firewallRemove(one, "edge-1", options));
    const gone = await after().run((one) => firewallCheck(one, "edge-1", {}));

    expect(code).toBe(0);
    expect(out).toMatch(/^removed \/usr\/local\/sbin\/portcullis-fw/m);
    expect(out).toMatch(/^removed user portcullis/m);
    expect(gone.out).toMatch(/^bad .*login as portcullis was refused/m);
  });
});

test.skipIf(cannot !== null)(
  `firewall install works through sudo with a password, and says when sshd does not let the helper's login in${title}`,
  async () => {
    const login = {
      user: "admin1",
      password: "correct horse",
      sudoers: "admin1 ALL=(root) NOPASSWD: /bin/sh\n@includedir /etc/sudoers.d",
    };
    const host = await startFirewallHost({ login, prepare: ownSystem });
    onTestFinished(() => host.stop());
    const desk = openDesk({ ...host, privateKey: newKey() });
    writeFileSync(join(desk.dir, "password"), `${login.password}\n`);
    const options = { loginUser: login.user, loginPasswordFile: "password" };
    const install = () => desk.run((one) => firewallInstall(one, "edge-1", options));

    const installed = await install();
    const pid = (await host.sshdPids())[0];
    await host.exec("nsenter", "-t", String(pid), "-m", "chmod", "700", "/var/lib");
    const { code, out, err } = await install();

    expect(installed).toMatchObject({ code: 0, out: expect.stringContaining("It works") });
    expect(code).toMatch(/^SSH_LOGIN_REFUSED: the helper is installed, but .*AllowUsers/);
    expect(`${code}${out}${err}${installed.out}${installed.err}`).not.toContain(login.password);
  },
);

/** What the helper's login answers to somebody who wants a shell. */
function shellOf(host: FirewallHost, privateKey: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.on("error", reject);
    client.on("ready", () => {
      client.exec("id; sh", (error, channel) => {
        if (error !== undefined) {
          reject(error);
          return;
        }
        let said = "";
        for (const stream of [channel, channel.stderr]) {
          stream.on("data", (piece: Buffer) => {
            said += piece.toString();
          });
        }
        channel.on("close", () => {
          client.end();
          resolve(said);
        });
        channel.end("id\n");
      });
    });
    const { sshHost, sshPort } = host;
    client.connect({ host: sshHost, port: sshPort, username: "portcullis", privateKey });
  });
}
