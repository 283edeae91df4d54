import { expect, test } from "vitest";
import type { Config } from "../../src/config/config.ts";
import { showConfig } from "../../src/config/show-config.ts";
import { parseIpPrefix } from "../../src/domain/ip-address.ts";

function prefix(text: string) {
  const parsed = parseIpPrefix(text);
  if (parsed === undefined) {
    throw new Error(text);
  }
  return parsed;
}

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
  virustotal: { apiKey: "hunter2-vt", url: "https://www.virustotal.com/api/v3" },
  abuseipdb: null,
  findingSeconds: 43_200,
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
  searches: [{ name: "Dmz *", groups: ["dmz"] }],
  mail: {
    server: "mail.example.com",
    port: 587,
    tls: "starttls",
    user: "hunter2-user",
    password: "hunter2-smtp",
    from: "portcullis@example.com",
    to: ["soc@example.com", "boss@example.com"],
  },
  allowlist: [prefix("192.0.2.0/24")],
  allowDocumentationAddresses: false,
  extract: { fields: ["src_ip", "src"], otherFields: true, neverFields: [], countFields: ["count"] },
  policy: {
    block: [{ virustotal: { malicious: 5 } }, { abuseipdb: { score: 90 } }],
    hold: [],
    aggregate: { ipv4Neighbours: null, ipv6Length: 128 },
    blockSeconds: 86_400,
    holdSeconds: 3600,
    graceSeconds: 0,
    version: "sha256:0123456789ab",
  },
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
    VIRUSTOTAL_API_KEY                   set
    VIRUSTOTAL_URL                       https://www.virustotal.com/api/v3
    ABUSEIPDB_API_KEY                    not set
    ABUSEIPDB_URL                        not set
    SMTP_SERVER                          mail.example.com
    SMTP_PORT                            587
    SMTP_USER                            set
    SMTP_PASSWORD                        set
    SMTP_TLS                             starttls
    MAIL_FROM                            portcullis@example.com
    ADMIN_EMAIL                          soc@example.com, boss@example.com
    ALLOWLIST                            192.0.2.0/24
    ALLOW_DOCUMENTATION_ADDRESSES        false
    LOG_LEVEL                            info
    policy.block                         {"virustotal":{"malicious":5}}, {"abuseipdb":{"score":90}}
    policy.hold                          none
    policy.aggregate.ipv4Neighbours      off
    policy.aggregate.ipv6                128
    policy.duration                      86400s
    policy.holdFor                       3600s
    policy.grace                         0s
    policy version                       sha256:0123456789ab
    extract.fields                       src_ip, src
    extract.otherFields                  true
    extract.neverFields                  none
    extract.countFields                  count
    findings.keep                        43200s
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
    search Dmz *                         dmz
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
