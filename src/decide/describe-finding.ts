import type { Finding, Hint } from "../domain/finding.ts";
import { type KnownProvider, knownProviders } from "../domain/provider-terms.ts";

type Known = Extract<Finding, { status: "known" }>;

const titles: ReadonlyMap<string, string> = new Map(
  Object.values<KnownProvider>(knownProviders).map(({ name, title }) => [name, title]),
);

/** A provider's name as people write it. */
export function titleOf(provider: string): string {
  return titles.get(provider) ?? provider;
}

/** What one provider says, in a sentence with numbers: `VirusTotal: 8 of 94 engines call it malicious`. */
export function describeFinding(finding: Finding): string {
  const title = titleOf(finding.provider);
  if (finding.status === "known") {
    return `${describeKnown(finding)}${staleness(finding)}`;
  }
  const stale = finding.status === "unknown" ? staleness(finding) : "";
  return `${title}: ${finding.status} (${withoutTitle(finding.reason, title)})${stale}`;
}

function describeKnown(finding: Known): string {
  const { numbers, hints } = finding.evidence;
  const shown = mainNumbers.find((number) => Object.hasOwn(numbers, number)) ?? Object.keys(numbers)[0];
  const words = hints.map((hint) => `it ${hintWords[hint]}`);
  const first = shown === undefined ? `${titleOf(finding.provider)}: no numbers` : sentenceOf(finding, shown);
  return [first, ...words].join(", ");
}

/** A provider's own messages begin with its name. */
function withoutTitle(reason: string, title: string): string {
  return reason.startsWith(title) ? reason.slice(title.length).replace(/^:? /, "") : reason;
}

/** What one number of a finding says, and that the finding is stale when it is. */
export function describeNumber(finding: Known, number: string): string {
  return `${sentenceOf(finding, number)}${staleness(finding)}`;
}

/** When something happened, of which the provider tells: `AbuseIPDB: last reported 2026-11-18 09:00 UTC`. */
export function describeTime(finding: Known, time: string): string {
  const at = ownValue(finding.evidence.times, time);
  const words = at === undefined ? "never" : minuteOf(at);
  return `${titleOf(finding.provider)}: last ${time} ${words}${staleness(finding)}`;
}

/** `AbuseIPDB says it belongs to a search engine` */
export function describeHint(provider: string, hint: Hint): string {
  return `${titleOf(provider)} says it ${hintWords[hint]}`;
}

const hintWords: Readonly<Record<Hint, string>> = {
  cdn: "belongs to a content delivery network",
  "search-engine": "belongs to a search engine",
  whitelisted: "is on its whitelist",
  "business-service": "belongs to a service that businesses need",
  "research-scanner": "scans for research",
  mobile: "belongs to a mobile network, with many people behind one address",
  tor: "is a Tor exit",
};

function sentenceOf({ provider, evidence }: Known, number: string): string {
  const value = ownValue(evidence.numbers, number);
  const describe = numberWords.get(`${provider}.${number}`);
  const words =
    describe === undefined || value === undefined ? `${number} ${value}` : describe(value, evidence.numbers);
  return `${titleOf(provider)}: ${words}`;
}

type Numbers = Readonly<Record<string, number>>;

const numberWords: ReadonlyMap<string, (value: number, numbers: Numbers) => string> = new Map([
  ["virustotal.malicious", opinionWords("malicious")],
  ["virustotal.suspicious", opinionWords("suspicious")],
  ["abuseipdb.score", (value, numbers) => `abuse score ${value} of 100${reports(numbers)}`],
  ["greynoise.malicious", eitherWords("calls it malicious", "does not call it malicious")],
  ["greynoise.noise", eitherWords("has seen it scan the internet", "has not seen it scan the internet")],
  ["spamhaus-drop.listed", eitherWords("lists its network", "does not list its network")],
]);

function opinionWords(opinion: string): (value: number, numbers: Numbers) => string {
  return (value, numbers) => `${value}${engines(numbers)} ${value === 1 ? "calls" : "call"} it ${opinion}`;
}

/** For a number that is 1 or 0. */
function eitherWords(yes: string, no: string): (value: number) => string {
  return (value) => (value >= 1 ? yes : no);
}

/** The numbers that tell most, by the name they have at some provider. */
const mainNumbers = ["malicious", "score", "listed"];

const opinions = ["malicious", "suspicious", "harmless", "undetected"];

function engines(numbers: Numbers): string {
  const asked = opinions.reduce((sum, opinion) => sum + (ownValue(numbers, opinion) ?? 0), 0);
  return ` of ${asked} engines`;
}

function reports(numbers: Numbers): string {
  const count = ownValue(numbers, "reports");
  const reporters = ownValue(numbers, "reporters");
  if (count === undefined) {
    return "";
  }
  return reporters === undefined ? `, ${count} reports` : `, ${count} reports by ${reporters} reporters`;
}

function staleness({ isStale, foundAt }: Exclude<Finding, { status: "failed" }>): string {
  return isStale === true ? ` (stale: found ${minuteOf(foundAt)})` : "";
}

/** `2026-11-18 09:00 UTC`; a time that is none, in words. */
function minuteOf(time: Date): string {
  return Number.isNaN(time.getTime())
    ? "at an unreadable time"
    : `${time.toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** `undefined` when the provider did not send it. */
export function ownValue<Value>(values: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}
