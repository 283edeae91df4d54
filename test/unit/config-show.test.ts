import { expect, test } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { readPolicyText } from "../../src/config/read-policy-text.ts";
import { showConfig } from "../../src/config/show-config.ts";
import type { AllowEntry } from "../../src/domain/allow-entry.ts";
import type { Policy } from "../../src/domain/policy.ts";
import { prefix } from "../fakes/samples.ts";
import { defaults, least, ruleOf, versionOf } from "./config-desk.ts";

const policy: Policy = {
  ...defaults.policy,
  block: [
    ruleOf(least("virustotal", "malicious", 5)),
    {
      conditions: [
        least("abuseipdb", "score", 90),
        { kind: "within", provider: "abuseipdb", time: "reported", seconds: 2_592_000 },
      ],
      quorum: {
        least: 1,
        of: [[least("virustotal", "malicious", 2)], [least("greynoise", "malicious", 1)]],
      },
      sightings: { events: 20, seconds: 90 },
    },
  ],
  hold: [],
  graceSeconds: 0,
  version: "sha256:0123456789ab",
};

const allowed: AllowEntry = {
  id: "ALLOWLIST",
  reason: "",
  owner: "",
  prefix: prefix("192.0.2.0/24"),
  actor: "settings",
  createdAt: new Date("2026-11-20T12:00:00Z"),
  expiresAt: null,
};

const config: Config = {
  host: "0.0.0.0",
  port: 8080,
  dataDir: "/data",
  databaseUrl: "postgres://dbuser:hunter2-db@db.example.com:5432/portcullis?password=hunter2-db-again",
  mode: "enforce",
  webhookTokens: ["hunter2-webhook-1", "hunter2-webhook-2"],
  webhookSigningSecrets: ["whsec_hunter2-signing"],
  adminToken: "hunter2-admin",
  generatedSecrets: ["WEBHOOK_SIGNING_SECRET"],
  webhookSources: [prefix("10.0.0.0/8")],
  tls: { cert: "hunter2-cert", key: "hunter2-key", clientCa: null },
  trustProxy: [prefix("127.0.0.1")],
  splunkHost: "splunk.example.com",
  splunk: null,
  hec: { url: "https://hec.example.com", token: "hunter2-hec", index: null, ca: "hunter2", certSha256: null },
  recovery: { requireGenuine: true, catchUpSeconds: 600 },
  proxyHosts: [],
  virustotal: { apiKey: "hunter2-vt", url: "https://vt.example.com/api/v3", quota: { minute: 4, day: 500 } },
  abuseipdb: null,
  greynoise: { apiKey: null, url: "https://api.greynoise.io", quota: {} },
  findings: { known: 43_200, unknown: 5400, failed: 90 },
  lists: { spamhausUrl: "https://www.spamhaus.org/drop", abuseipdbBlacklist: false },
  protection: { crawlers: ["googlebot", "bingbot"], cdns: [], refreshCdns: true },
  receiver: { perSource: 5000, perToken: null },
  limits: {
    perMinute: 100,
    perHour: 500,
    perSearch: 250,
    perNetwork: 100,
    perAs: null,
    active: 200_000,
  },
  firewalls: [
    {
      name: "edge",
      host: "fw1",
      port: 22,
      user: "root",
      password: "hunter2-ssh",
      privateKey: "hunter2-private-key",
      hostKeys: ["SHA256:pin"],
      knownHosts: null,
      via: "root",
      agent: null,
      jump: {
        host: "bastion",
        port: 2222,
        user: "jumper",
        password: "hunter2-jump",
        privateKey: null,
        agent: "/run/agent.sock",
        hostKeys: [],
        knownHosts: "hunter2-known",
      },
      groups: ["edge", "dmz"],
      isCanary: false,
      blocksOutbound: true,
      isEnabled: false,
    },
  ],
  searches: [
    {
      name: "Dmz *",
      groups: ["dmz"],
      mode: null,
      severity: null,
      fields: null,
      policy: null,
      policySection: null,
      expectSeconds: null,
    },
    {
      name: "SSH*",
      groups: null,
      mode: "approve",
      severity: "high",
      fields: ["attacker", "src"],
      policy: { ...policy, blockSeconds: [Number.POSITIVE_INFINITY], version: "sha256:2" },
      policySection: { duration: Number.POSITIVE_INFINITY },
      expectSeconds: 86_400,
    },
  ],
  mail: {
    server: "mail.example.com",
    port: 587,
    tls: "starttls",
    user: "hunter2-user",
    password: "hunter2-smtp",
    from: "portcullis@example.com",
    to: ["soc@example.com", "boss@example.com"],
  },
  allowlist: [
    allowed,
    {
      ...allowed,
      prefix: prefix("203.0.113.7"),
      reason: "our scanner",
      owner: "red team",
      expiresAt: new Date("2027-02-01T00:00:00Z"),
    },
  ],
  allowDocumentationAddresses: false,
  extract: {
    fields: ["src_ip", "src"],
    otherFields: true,
    neverFields: [],
    countFields: ["count"],
    severityFields: ["severity"],
  },
  policy,
  shadow: {
    ...policy,
    block: [],
    sightings: { events: 3, seconds: 600 },
    unavailable: { action: "hold", seconds: 0 },
    version: "sha256:1",
  },
  logRules: { threshold: 5, windowSeconds: 2100 },
  logLevel: "info",
};

test("the configuration is shown without any secret", () => {
  const shown = showConfig(config);

  expect(shown).not.toContain("hunter2");
  expect(shown).toMatchInlineSnapshot(`
    "HOST                                 0.0.0.0
    PORT                                 8080
    DATA_DIR                             /data
    DATABASE_URL                         postgres://***@db.example.com:5432/portcullis?***
    MODE                                 enforce
    WEBHOOK_TOKEN                        set (2 values)
    WEBHOOK_SIGNING_SECRET               generated
    WEBHOOK_SOURCES                      10.0.0.0/8
    ADMIN_TOKEN                          set
    TLS_CERT_FILE                        set
    TLS_KEY_FILE                         set
    TLS_CLIENT_CA_FILE                   not set
    TRUST_PROXY                          127.0.0.1/32
    SPLUNK_HOST                          splunk.example.com
    SPLUNK_HEC_URL                       https://hec.example.com
    SPLUNK_HEC_TOKEN                     set
    SPLUNK_HEC_INDEX                     the token's own
    SPLUNK_HEC_CA_FILE                   set
    SPLUNK_HEC_CERT_SHA256               not set
    VIRUSTOTAL_API_KEY                   set
    VIRUSTOTAL_URL                       https://vt.example.com/api/v3
    providers.virustotal                 4 a minute, 500 a day
    ABUSEIPDB_API_KEY                    not set
    ABUSEIPDB_URL                        not set
    GREYNOISE_API_KEY                    not set
    GREYNOISE_URL                        https://api.greynoise.io
    SPAMHAUS_URL                         https://www.spamhaus.org/drop
    SMTP_SERVER                          mail.example.com
    SMTP_PORT                            587
    SMTP_USER                            set
    SMTP_PASSWORD                        set
    SMTP_TLS                             starttls
    MAIL_FROM                            portcullis@example.com
    ADMIN_EMAIL                          soc@example.com, boss@example.com
    BRUTE_FORCE_THRESHOLD                5
    LOOKBACK_MINUTES                     35
    ALLOWLIST                            192.0.2.0/24, 203.0.113.7/32 (our scanner; red team; until 2027-02-01T00:00:00.000Z)
    ALLOW_DOCUMENTATION_ADDRESSES        false
    LOG_LEVEL                            info
    policy.block[0]                      { virustotal: { malicious: 5 } }
    policy.block[1]                      { abuseipdb: { score: 90, reportedWithin: 30d }, quorum: 1, of: [{ virustotal: { malicious: 2 } }, { greynoise: { malicious: 1 } }], sightings: { events: 20, within: 90s } }
    policy.hold                          none
    policy.sightings                     none
    policy.duration                      1d
    policy.escalation                    7d, 30d
    policy.forgetAfter                   30d
    policy.hints                         cdn: hold, search-engine: hold, whitelisted: hold, business-service: hold, research-scanner: hold, mobile: 1h, tor: 1h
    policy.unavailable                   { then: wait, after: 7d }
    policy.useStaleFor                   0s
    policy.aggregate.ipv4Neighbours      none
    policy.aggregate.ipv6                128
    policy.holdFor                       1h
    policy.grace                         0s
    policy version                       sha256:0123456789ab
    shadow.block                         none
    shadow.sightings                     { events: 3, within: 10m }
    shadow.unavailable                   { then: hold, after: 0s }
    shadow version                       sha256:1
    limits.perMinute                     100
    limits.perHour                       500
    limits.perSearch                     250
    limits.perNetwork                    100
    limits.perAs                         none
    limits.active                        200000
    receiver.perSource                   5000
    receiver.perToken                    none
    extract.fields                       src_ip, src
    extract.otherFields                  true
    extract.neverFields                  none
    extract.countFields                  count
    extract.severityFields               severity
    findings.keep                        12h
    findings.keepUnknown                 90m
    findings.keepFailed                  90s
    lists.spamhausDrop                   true
    lists.abuseipdbBlacklist             false
    splunk.requireGenuine                true
    splunk.catchUpEvery                  10m
    protection.crawlers                  googlebot, bingbot
    protection.cdns                      none
    protection.refreshCdns               true
    firewall edge                        root on fw1 port 22 via root, disabled
    firewall edge password               set
    firewall edge private key            set
    firewall edge agent                  not set
    firewall edge host keys              SHA256:pin
    firewall edge jump host              jumper on bastion port 2222
    firewall edge jump host password     set
    firewall edge jump host private key  not set
    firewall edge jump host agent        /run/agent.sock
    firewall edge jump host host keys    known_hosts file
    firewall edge groups                 edge, dmz
    firewall edge canary                 false
    firewall edge outbound               true
    search Dmz *                         groups dmz
    search SSH*                          all firewalls
    search SSH* mode                     approve
    search SSH* severity                 high
    search SSH* fields                   attacker, src
    search SSH* expectEvery              1d
    search SSH* policy.duration          permanent
    search SSH* policy.escalation        none
    search SSH* policy version           sha256:2
    "
  `);
});

test("what is not set is said to be so", () => {
  const shown = showConfig({
    ...config,
    mail: null,
    tls: null,
    firewalls: [],
    webhookSources: null,
    databaseUrl: "sqlite:/data/portcullis.db",
  });

  expect(shown).toMatch(/^SMTP_SERVER +not set$/m);
  expect(shown).toMatch(/^TLS_CERT_FILE +not set$/m);
  expect(shown).toMatch(/^WEBHOOK_SOURCES +any$/m);
  expect(shown).toMatch(/^DATABASE_URL +sqlite:\/data\/portcullis.db$/m);
});

test("the rules that are shown are rules that the file understands", () => {
  const rules = [...showConfig(config).matchAll(/^policy\.block\[\d\] +(.*)$/gm)].map(
    ([, rule = ""]) => `- ${rule}`,
  );

  const read = readPolicyText(`block:\n${rules.join("\n")}`, { base: policy, searches: [], versionOf });

  expect(read).toMatchObject({ policy: { block: policy.block } });
});
