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

  test("of searches that block nobody, and of those that another fits first", async () => {
    desk.put(
      "portcullis.yaml",
      `searches:
  - { name: "SSH*", mode: enforce }
  - { name: "SSH * failed*", severity: high }
  - { name: "*SSH", mode: observe }
  - { name: "SSH*", mode: approve }`,
    );

    const { warnings } = await load();

    expect(warnings).toEqual([
      "portcullis.yaml:3:5: searches[1]: has no effect: searches[0] fits all that it does",
      "portcullis.yaml:5:5: searches[3]: has no effect: searches[0] fits all that it does",
      'searches: mode enforce for the search "SSH*" blocks nobody without an enabled firewall',
      'searches: mode approve for the search "SSH*" blocks nobody without an enabled firewall',
    ]);
  });

  test("once of a mode without a firewall, not again for each search", async () => {
    desk.put("portcullis.yaml", 'searches: [{ name: "SSH*", mode: enforce }]');

    expect((await load({ MODE: "approve" })).warnings).toHaveLength(1);
  });
});

describe("warnings of rules that make no difference", () => {
  const keys = { VIRUSTOTAL_API_KEY: "v-key", ABUSEIPDB_API_KEY: "a-key" };

  test("because their provider is not configured", async () => {
    desk.put(
      "portcullis.yaml",
      `policy:
  block:
    - virustotal: { malicious: 5 }
    - greynoise: { malicious: 1 }
    - { virustotal: { malicious: 1 }, greynoise: { noise: 1 } }
    - quorum: 2
      of: [{ virustotal: { malicious: 2 } }, { abuseipdb: { score: 50 } }, { greynoise: { malicious: 1 } }]
    - { quorum: 2, of: [{ virustotal: { malicious: 2 } }, { spamhaus-drop: { listed: 1 } }] }
shadow:
  block: [{ virustotal: { malicious: 9 }, greynoise: { malicious: 1 }, spamhaus-drop: { listed: 1 } }]
searches:
  - { name: "*", policy: { hold: [{ greynoise: { malicious: 1, noise: 1 } }] } }
lists: { spamhausDrop: false }
`,
    );

    const asks = "asks greynoise, which is not configured: it never holds";
    expect((await load(keys)).warnings).toEqual([
      `portcullis.yaml:4:7: policy.block[1]: ${asks}`,
      `portcullis.yaml:5:7: policy.block[2]: ${asks}`,
      `portcullis.yaml:7:76: policy.block[3].of[2]: ${asks}`,
      "portcullis.yaml:8:59: policy.block[4].of[1]: asks spamhaus-drop, which is not configured: it never holds",
      "portcullis.yaml:8:7: policy.block[4]: never holds: it needs 2 of its quorum, and only 1 can hold",
      "portcullis.yaml:10:11: shadow.block[0]: asks greynoise and spamhaus-drop, which are not configured: it never holds",
      `portcullis.yaml:12:35: searches[0].policy.hold[0]: ${asks}`,
    ]);
  });

  test("not of the rules that apply when the file names none", async () => {
    expect((await load()).warnings).toEqual([]);
  });

  test("because another rule says the same", async () => {
    desk.put(
      "portcullis.yaml",
      `policy:
  block:
    - { virustotal: { malicious: 2 }, abuseipdb: { score: 50 } }
    - { abuseipdb: { score: 50 }, virustotal: { malicious: 2 } }
    - { quorum: 1, of: [{ virustotal: { malicious: 2 } }, { abuseipdb: { score: 5 } }] }
    - { abuseipdb: { score: 50 }, sightings: { events: 2, within: 1m } }
  hold:
    - { quorum: 1, of: [{ abuseipdb: { score: 5 } }, { virustotal: { malicious: 2 } }] }
    - { abuseipdb: { score: 50 } }
shadow: { holdFor: 60m }
`,
    );

    expect((await load(keys)).warnings).toEqual([
      "portcullis.yaml:4:7: policy.block[1]: is the same as block[0]",
      "portcullis.yaml:8:7: policy.hold[0]: is the same as block[2], which holds first: nobody is ever asked",
      "portcullis.yaml:10:9: shadow: is the same as policy, so it will never decide otherwise",
    ]);
  });
});
