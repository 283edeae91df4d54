/** The sections of `portcullis.yaml`. */
import * as z from "zod";
import { duration, durationOrPermanent, Host, HostKey, matching, oneOf, Password } from "./shapes.ts";

/** An object without other keys than these. The problem's message lists them, so that a reader can suggest one. */
function strict<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? Object.keys(shape).join(", ") : undefined),
  });
}

function count(least: number, most = 1_000_000) {
  const expected = `expected a whole number from ${least} to ${most}`;
  return z.int({ error: expected }).min(least, { error: expected }).max(most, { error: expected }).optional();
}

/** Least values of 0 would hold for everybody, so they start at 1. */
const Rule = strict({
  virustotal: strict({
    malicious: count(1),
    suspicious: count(1),
    harmless: count(1),
    undetected: count(1),
    reputation: count(-1_000_000),
  }).optional(),
  abuseipdb: strict({ score: count(1, 100), reports: count(1), reporters: count(1) }).optional(),
}).transform((rule, context) => {
  const accusing = [
    rule.virustotal?.malicious,
    rule.virustotal?.suspicious,
    rule.abuseipdb?.score,
    rule.abuseipdb?.reports,
    rule.abuseipdb?.reporters,
  ];
  if (accusing.every((number) => number === undefined)) {
    context.addIssue({
      code: "custom",
      message:
        "this rule would hold for innocent addresses: it needs at least one of virustotal.malicious, virustotal.suspicious, abuseipdb.score, abuseipdb.reports, abuseipdb.reporters",
    });
  }
  return withoutGaps(rule);
});

type Numbers = Readonly<Record<string, number | undefined>>;

function withoutGaps(rule: Readonly<Record<string, Numbers | undefined>>) {
  const providers = Object.entries(rule).map(
    ([provider, numbers]) =>
      [
        provider,
        Object.fromEntries(
          Object.entries(numbers ?? {}).flatMap(([name, number]) =>
            number === undefined ? [] : [[name, number] as const],
          ),
        ),
      ] as const,
  );
  return Object.fromEntries(providers.filter(([, numbers]) => Object.keys(numbers).length > 0));
}

const Rules = z.array(Rule).max(100).optional();

export const PolicySection = strict({
  block: Rules,
  hold: Rules,
  duration: durationOrPermanent.optional(),
  aggregate: strict({
    ipv4Neighbours: count(2, 256),
    ipv6: z.literal([64, 128], { error: "expected 64 or 128" }).optional(),
  }).optional(),
  holdFor: duration().optional(),
  grace: duration(0).optional(),
});
export type PolicySection = z.infer<typeof PolicySection>;

const FieldNames = z
  .array(matching("a field's name", /^[^\0\r\n]{1,256}$/))
  .max(1000)
  .optional();

export const ExtractSection = strict({
  fields: FieldNames,
  otherFields: z.boolean({ error: "expected true or false" }).optional(),
  neverFields: FieldNames,
  countFields: FieldNames,
});
export type ExtractSection = z.infer<typeof ExtractSection>;

export const FindingsSection = strict({ keep: duration().optional() });

/** A firewall's name stands in logs, metrics and addresses of pages. */
export const FirewallName = matching("1 to 64 of the characters a-z 0-9 . -", /^[a-z0-9.-]{1,64}$/);

const portExpected = "expected a whole number from 1 to 65535";

const Path = matching("a file's path", /^[^\0\r\n]+$/);

const Switch = z.boolean({ error: "expected true or false" });

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
  groups: Groups.min(1, { error: "expected at least one group" }),
});

/** The sections' names. */
export const sectionNames = ["policy", "extract", "findings", "allowlist", "firewalls", "searches"] as const;
export type SectionName = (typeof sectionNames)[number];
