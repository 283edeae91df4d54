import type { Config } from "../config/config.ts";
import { webhookUrl } from "./urls.ts";

/** An attacker's address from the range for documentation (RFC 5737): nobody owns it. */
const sampleAlert = JSON.stringify({
  sid: "sample_1",
  search_name: "Sample: SSH brute force",
  app: "search",
  owner: "admin",
  results_link: null,
  result: { src_ip: "203.0.113.45", count: "57" },
});

/** For a shell: the token is not shown again, and the command works all the same. */
const urlFromSecrets = `"$(npm run -s portcullis secrets | awk '/Webhook URL/ {print $NF}')"`;

const modes: Readonly<Record<Config["mode"], string>> = {
  observe: "observe: decides and reports, blocks nobody (MODE=enforce blocks)",
  approve: "approve: every block waits for a person",
  enforce: "enforce: confirmed attackers are blocked",
};

/** What a person sees when the receiver has started. Holds secrets only when this start generated them. */
export function firstScreen(
  config: Config,
  { version, hostname, url }: { readonly version: string; readonly hostname: string; readonly url: string },
): string {
  const showToken = config.generatedSecrets.includes("WEBHOOK_TOKEN");
  const showSigning = config.generatedSecrets.includes("WEBHOOK_SIGNING_SECRET");
  const token = showToken ? (config.webhookTokens[0] ?? "") : "<token>";
  const splunkUrl = webhookUrl(
    { ...config, port: Number(new URL(url).port) || config.port, webhookTokens: [token] },
    hostname,
  );
  const gaps = gapsOf(config);
  const lines = [
    `Portcullis ${version}, listening on ${url}`,
    `Mode ${modes[config.mode]}`,
    "",
    "In Splunk, give the alert's webhook action this URL:",
    `  ${splunkUrl}`,
    `Signed deliveries (all rows, no secret in the URL) go to ${splunkUrl.slice(0, -token.length - 1)}`,
    `  signed with ${showSigning ? config.webhookSigningSecrets[0] : 'what "npm run -s portcullis secrets" prints'}`,
    "",
    "Or try it with a sample alert (its address belongs to nobody, so it is ignored; the log says so):",
    `  curl -sS -H 'Content-Type: application/json' -d '${sampleAlert}' ${showToken ? `${url}/webhooks/splunk/${token}` : urlFromSecrets}`,
    "",
    showToken
      ? `The secrets are new and kept in ${config.dataDir}; they are not shown again. "npm run -s portcullis secrets" prints them.`
      : `"npm run -s portcullis secrets" prints the URL with its token.`,
    "",
    ...(gaps.length === 0
      ? ["Everything is configured."]
      : ["Not configured yet:", ...gaps.map((gap) => `  - ${gap}`)]),
    "",
  ];
  return `${lines.join("\n")}\n`;
}

/** What is missing, and what follows from it. */
function gapsOf({
  virustotal,
  abuseipdb,
  greynoise,
  lists,
  firewalls,
  mail,
  hec,
  tls,
}: Config): readonly string[] {
  const providers = [
    ...(virustotal === null ? ["VirusTotal (VIRUSTOTAL_API_KEY)"] : []),
    ...(abuseipdb === null ? ["AbuseIPDB (ABUSEIPDB_API_KEY)"] : []),
  ];
  const listed =
    lists.spamhausUrl === null
      ? "no address can be confirmed as an attacker, so none will be blocked"
      : "only networks on Spamhaus DROP can be blocked";
  const none = greynoise === null ? listed : `${listed}, unless a rule asks GreyNoise`;
  return [
    ...(providers.length === 0
      ? []
      : [
          `${providers.join(" and ")}: ${providers.length === 2 ? none : "only the other one is asked, so rules that need both never hold"}.`,
        ]),
    ...(firewalls.length === 0
      ? ["A firewall (SSH_HOST, SSH_USER, …): decisions to block take effect nowhere."]
      : []),
    ...untoldOf({ mail, hec }),
    ...(tls === null
      ? [
          "HTTPS (TLS_CERT_FILE, TLS_KEY_FILE): the token travels in clear text; keep this to a trusted network or put a TLS proxy in front.",
        ]
      : []),
  ];
}

/** Who is not told. */
function untoldOf({ mail, hec }: Pick<Config, "mail" | "hec">): readonly string[] {
  return [
    ...(mail === null
      ? ["Mail (SMTP_SERVER, ADMIN_EMAIL): nobody is told of a decision; it is in the log only."]
      : []),
    ...(hec === null
      ? ["Splunk's event collector (SPLUNK_HEC_URL): the dashboards of the Splunk app stay empty."]
      : []),
  ];
}
