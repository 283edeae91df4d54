import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

export const sshPort = 22_022;

export interface FirewallHostOptions {
  /** IPv4 addresses of 203.0.113.0/24 that the attacker has beside the usual ones. */
  readonly attackers?: readonly string[];
  /** Programs that are missing there: `["/usr/sbin/ipset"]`. */
  readonly without?: readonly string[];
  /** Programs that are another one there: `{ "/usr/bin/dash": "/usr/bin/busybox" }`. */
  readonly instead?: Readonly<Record<string, string>>;
  /** A user beside root who logs in with this password, and may do with sudo what the line says (empty: nothing). */
  readonly login?: { readonly user: string; readonly password: string; readonly sudoers: string };
  /** Users and files may be made there: /etc, /usr/local/sbin and /var/lib are copies of its own. See `execInside`. */
  readonly isInstallable?: boolean;
  /** Commands of a shell, run there before sshd starts. */
  readonly prepare?: string;
}

/** `ip netns exec` gives each command a mount namespace of its own: what is covered here is covered nowhere else. */
export function privateView(
  dir: string,
  { without = [], instead = {}, login, isInstallable = false, prepare = "" }: FirewallHostOptions,
) {
  const covers = [
    ...without.map((path) => ["/dev/null", path]),
    ...Object.entries(instead).map(([path, other]) => [other, path]),
    ...(login === undefined
      ? []
      : ["passwd", "shadow", "sudoers"].map((name) => [join(dir, name), `/etc/${name}`])),
  ];
  return [
    "mount -t tmpfs tmpfs /run",
    "mkdir /run/sshd",
    ...(isInstallable ? ownCopies : []),
    ...covers.map(([from, to]) => `[ ! -e ${to} ] || mount --bind ${from} ${to}`),
    prepare,
  ].join("\n");
}

/** What an installation changes. Files are renamed into place, so whole directories are covered and not single files. */
const ownCopies = [
  "mkdir /run/etc && cp -a /etc/. /run/etc/ && mount --bind /run/etc /etc",
  "mount -t tmpfs -o mode=755 tmpfs /usr/local/sbin",
  "mount -t tmpfs -o mode=755 tmpfs /var/lib",
];

export async function writeSshFiles(
  dir: string,
  listen: string,
  { login, isInstallable = false }: FirewallHostOptions,
) {
  chmodSync(dir, 0o755);
  for (const name of ["host_key", "login_key"]) {
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", join(dir, name)]);
  }
  const hostPublicKey = readFileSync(join(dir, "host_key.pub"), "utf8").trim();
  writeFileSync(join(dir, "authorized_keys"), readFileSync(join(dir, "login_key.pub")));
  writeFileSync(
    join(dir, "sshd_config"),
    [
      `Port ${sshPort}`,
      `ListenAddress ${listen}`,
      `HostKey ${join(dir, "host_key")}`,
      "PidFile none",
      "StrictModes no",
      "UsePAM no",
      `PasswordAuthentication ${login === undefined ? "no" : "yes"}`,
      "PermitRootLogin prohibit-password",
      "MaxStartups 100",
      "MaxSessions 10",
      // bash reads root's .bashrc only in a shell that is not nested.
      "SetEnv SHLVL=3",
      isInstallable
        ? `Match User root\nAuthorizedKeysFile ${join(dir, "authorized_keys")}\nMatch User *,!root\nAuthorizedKeysFile .ssh/authorized_keys`
        : `AuthorizedKeysFile ${join(dir, "authorized_keys")}`,
    ].join("\n"),
  );
  if (login !== undefined) {
    await writeLogin(dir, login);
  }
  const { stdout } = await run("ssh-keygen", ["-lf", join(dir, "host_key.pub")]);
  return {
    privateKey: readFileSync(join(dir, "login_key"), "utf8"),
    hostKey: stdout.split(" ")[1] ?? "",
    hostPublicKey,
  };
}

async function writeLogin(dir: string, login: NonNullable<FirewallHostOptions["login"]>): Promise<void> {
  const { stdout } = await run("openssl", ["passwd", "-6", login.password]);
  const home = join(dir, "home");
  mkdirSync(home);
  const passwd = `${login.user}:x:64999:65534::${home}:/bin/sh\n`;
  writeFileSync(join(dir, "passwd"), readFileSync("/etc/passwd", "utf8") + passwd);
  const shadow = `${login.user}:${stdout.trim()}:20000:0:99999:7:::\n`;
  writeFileSync(join(dir, "shadow"), readFileSync("/etc/shadow", "utf8") + shadow, { mode: 0o640 });
  writeFileSync(join(dir, "sudoers"), `Defaults env_reset\n${login.sudoers}\n`, { mode: 0o440 });
}
