import { describe, expect, test } from "vitest";
import { createConfigDesk } from "./config-desk.ts";

const desk = createConfigDesk();
const { load } = desk;

describe("warnings", () => {
  test.each([
    ["SMTP_SEVER", "SMTP_SEVER: did you mean SMTP_SERVER?"],
    ["SMPT_SERVER", "SMPT_SERVER: did you mean SMTP_SERVER?"],
    ["ADMIN_EMAILS", "ADMIN_EMAILS: did you mean ADMIN_EMAIL?"],
    ["DATABASE_URI", "DATABASE_URI: did you mean DATABASE_URL?"],
    ["smtp_server", "smtp_server: did you mean SMTP_SERVER?"],
    ["SSH_PASWORD_FILE", "SSH_PASWORD_FILE: did you mean SSH_PASSWORD_FILE?"],
    ["PORTCULLIS_MODE", "PORTCULLIS_MODE: did you mean MODE?"],
    ["NACL_ID", undefined],
  ])("of %s: %s", async (name, expected) => {
    const { warnings } = await load({ [name]: "acl-0123abcd" });

    expect(warnings).toEqual([expected ?? "NACL_ID: has no effect in this version"]);
  });

  test("none for what other programs set", async () => {
    const names =
      "PATH HOME HOSTNAME HOSTTYPE PORTS NODE MAIL LOGNAME SHELL PWD USER TERM LANG SSH_TTY SSH_CLIENT SSH_AUTH_SOCK SSH_CONNECTION " +
      "SSL_CERT_FILE SSL_CERT_DIR NODE_ENV NODE_OPTIONS AWS_PROFILE AWS_ACCESS_KEY_ID PGHOST PGPORT PORTCULLIS_PORT PORTCULLIS_SERVICE_HOST " +
      "KUBERNETES_PORT HTTP_PROXY NO_PROXY XDG_DATA_DIRS XDG_DATA_HOME DATA_HOME LC_ALL MANPATH npm_config_cache VITEST_MODE MODES";
    const { warnings } = await load(Object.fromEntries(names.split(" ").map((name) => [name, "x"])));

    expect(warnings).toEqual([]);
  });

  test("of settings that have no effect alone, and of a mode that blocks nobody", async () => {
    const { warnings } = await load({
      MODE: "enforce",
      ADMIN_EMAIL: "a@example.com",
      SSH_USER: "root",
      VIRUSTOTAL_URL: "https://x",
    });

    expect(warnings).toEqual([
      "ADMIN_EMAIL: no effect without SMTP_SERVER",
      "SSH_USER: no effect without SSH_HOST",
      "VIRUSTOTAL_URL: no effect without VIRUSTOTAL_API_KEY",
      expect.stringMatching(/^MODE: enforce without a firewall blocks nobody/),
    ]);
  });

  test("of hosts that will be refused, and of firewalls that are disabled", async () => {
    desk.put(
      "portcullis.yaml",
      `firewalls:
  - { host: fw1, user: root, password: x, jump: { host: b, user: u, password: x } }
  - { host: fw2, user: root, password: x, enabled: false, groups: [dmz] }
searches: [{ name: Dmz, groups: [dmz] }]`,
    );

    const { warnings } = await load();

    expect(warnings).toEqual([
      "firewall fw1: no host key is pinned, so its jump host b will be refused; run `portcullis firewall trust fw1`",
      "firewall fw1: no host key is pinned, so it will be refused; run `portcullis firewall trust fw1`",
      'searches: every firewall for the search "Dmz" is disabled, so it blocks nobody',
    ]);
  });

  test("of a mode that blocks nobody because every firewall is disabled", async () => {
    desk.put("portcullis.yaml", "firewalls: [{ host: fw2, user: root, password: x, enabled: false }]");

    const { warnings } = await load({ MODE: "enforce" });

    expect(warnings).toEqual([
      expect.stringMatching(/^MODE: enforce without an enabled firewall blocks nobody/),
    ]);
  });
});
