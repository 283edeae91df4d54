import { modes } from "../domain/decision.ts";
/** The sections of `portcullis.yaml`. */
import * as z from "zod";
import { severities } from "../domain/severity.ts";
import { cdns, crawlers } from "./config.ts";
import { PolicySection } from "./policy-schema.ts";
import { choice, count, orNone, strict, Switch, whole } from "./schema-parts.ts";
import { duration, Host, HostKey, matching, moment, oneOf, Password, Prefix } from "./shapes.ts";

const FieldNames = z
  .array(matching("a field's name", /^[^\0\r\n]{1,256}$/))
  .max(1000)
  .optional();

export const ExtractSection = strict({
  fields: FieldNames,
  otherFields: Switch.optional(),
  neverFields: FieldNames,
  countFields: FieldNames,
  severityFields: FieldNames,
});
export type ExtractSection = z.infer<typeof ExtractSection>;

export const FindingsSection = strict({
  keep: duration().optional(),
  keepUnknown: duration().optional(),
  keepFailed: duration().optional(),
});

const Provider = strict({
  enabled: Switch.optional(),
  perMinute: count(1),
  perHour: count(1),
  perDay: count(1, 100_000_000),
  perWeek: count(1, 100_000_000),
  perMonth: count(1, 1_000_000_000),
});
export type ProviderItem = z.infer<typeof Provider>;

export const ProvidersSection = strict({
  virustotal: Provider.optional(),
  abuseipdb: Provider.optional(),
  greynoise: Provider.optional(),
});
export type ProvidersSection = z.infer<typeof ProvidersSection>;

export const ListsSection = strict({
  spamhausDrop: Switch.optional(),
  abuseipdbBlacklist: Switch.optional(),
});
export type ListsSection = z.infer<typeof ListsSection>;

const rate = orNone(whole(1, 1_000_000_000, ", or none")).optional();

export const ReceiverSection = strict({ perSource: rate, perToken: rate });

export const ProtectionSection = strict({
  crawlers: z.array(oneOf(crawlers)).optional(),
  cdns: z.array(oneOf(cdns)).optional(),
  refreshCdns: Switch.optional(),
});

const Words = matching("one line of text, up to 500 characters", /^[^\p{Cc}\u2028\u2029]{1,500}$/u);

const AllowWithReason = strict({
  network: Prefix,
  reason: Words.optional(),
  owner: Words.optional(),
  expires: moment.optional(),
});
export type AllowItem = z.infer<typeof AllowWithReason>;

/** A network alone, or with who wants it so. */
export const AllowItem = choice<AllowItem>((value) =>
  typeof value === "object" && value !== null
    ? AllowWithReason
    : Prefix.transform((network) => ({ network })),
);

/** A firewall's name stands in logs, metrics and addresses of pages. */
export const FirewallName = matching("1 to 64 of the characters a-z 0-9 . -", /^[a-z0-9.-]{1,64}$/);

const portExpected = "expected a whole number from 1 to 65535";

const Path = matching("a file's path", /^[^\0\r\n]+$/);

const Groups = z.array(
  matching("a group's name: 1 to 64 of the characters a-z 0-9 . -", /^[a-z0-9.-]{1,64}$/),
);

const login = {
  host: Host,
  port: z
    .int({ error: portExpected })
    .min(1, { error: portExpected })
    .max(65_535, { error: portExpected })
    .optional(),
  user: matching("a user's name", /^[\w.@-]{1,64}$/),
  password: Password.optional(),
  passwordFile: Path.optional(),
  privateKeyFile: Path.optional(),
  agent: z
    .union([z.boolean(), Path], {
      error: "expected true (the agent of SSH_AUTH_SOCK), or the path of an agent's socket",
    })
    .optional(),
  hostKey: HostKey.optional(),
  hostKeys: z.array(HostKey).optional(),
  knownHostsFile: Path.optional(),
};

const LoginItem = strict(login);
/** How to log in to a host, as the file says it. */
export type LoginItem = z.infer<typeof LoginItem>;

export const FirewallItem = strict({
  name: FirewallName.optional(),
  ...login,
  via: oneOf(["root", "sudo", "helper"]).optional(),
  jump: LoginItem.optional(),
  groups: Groups.optional(),
  canary: Switch.optional(),
  outbound: Switch.optional(),
  enabled: Switch.optional(),
});
export type FirewallItem = z.infer<typeof FirewallItem>;

export const SearchItem = strict({
  name: matching("a search's name, in which * stands for any text", /^[^\0\r\n]{1,256}$/),
  groups: Groups.min(1, { error: "expected at least one group" }).optional(),
  mode: oneOf(modes).optional(),
  severity: oneOf(severities).optional(),
  fields: FieldNames,
  policy: PolicySection.optional(),
  expectEvery: duration(60).optional(),
});
export type SearchItem = z.infer<typeof SearchItem>;

export const SplunkSection = strict({
  requireGenuine: Switch.optional(),
  catchUpEvery: duration(60).optional(),
});

/** The sections' names. */
export const sectionNames = [
  "policy",
  "shadow",
  "limits",
  "searches",
  "findings",
  "providers",
  "lists",
  "protection",
  "allowlist",
  "extract",
  "receiver",
  "firewalls",
  "splunk",
] as const;
export type SectionName = (typeof sectionNames)[number];
