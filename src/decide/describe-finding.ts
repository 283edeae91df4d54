import type { Finding } from "../domain/finding.ts";

type Known = Extract<Finding, { status: "known" }>;

const names: Readonly<Record<string, string>> = { virustotal: "VirusTotal", abuseipdb: "AbuseIPDB" };

/** A provider's name as people write it. */
function providerName(provider: string): string {
  return Object.hasOwn(names, provider) ? (names[provider] ?? provider) : provider;
}

/** What one provider says, in a sentence with numbers: `VirusTotal: 8 of 94 engines call it malicious`. */
export function describeFinding(finding: Finding): string {
  const name = providerName(finding.provider);
  if (finding.status === "known") {
    const { numbers } = finding.evidence;
    const shown = mainNumbers.find((number) => Object.hasOwn(numbers, number)) ?? Object.keys(numbers)[0];
    return shown === undefined ? `${name}: no numbers` : describeNumber(finding, shown);
  }
  return `${name}: ${finding.status} (${withoutName(finding.reason, name)})`;
}

/** A provider's own messages begin with its name. */
function withoutName(reason: string, name: string): string {
  return reason.startsWith(name) ? reason.slice(name.length).replace(/^:? /, "") : reason;
}

/** What one number of a finding says. */
export function describeNumber({ provider, evidence }: Known, number: string): string {
  const { numbers } = evidence;
  const value = numberOf(numbers, number);
  const name = providerName(provider);
  switch (`${provider}.${number}`) {
    case "virustotal.malicious":
    case "virustotal.suspicious":
      return `${name}: ${value}${engines(numbers)} ${value === 1 ? "calls" : "call"} it ${number}`;
    case "abuseipdb.score":
      return `${name}: abuse score ${value} of 100${reports(numbers)}`;
    default:
      return `${name}: ${number} ${value}`;
  }
}

/** The numbers that tell most, by the name they have at some provider. */
const mainNumbers = ["malicious", "score"];

const opinions = ["malicious", "suspicious", "harmless", "undetected"];

function engines(numbers: Readonly<Record<string, number>>): string {
  const asked = opinions.reduce((sum, opinion) => sum + (numberOf(numbers, opinion) ?? 0), 0);
  return ` of ${asked} engines`;
}

function reports(numbers: Readonly<Record<string, number>>): string {
  const count = numberOf(numbers, "reports");
  const reporters = numberOf(numbers, "reporters");
  if (count === undefined) {
    return "";
  }
  return reporters === undefined ? `, ${count} reports` : `, ${count} reports by ${reporters} reporters`;
}

/** `undefined` when the provider did not send it. */
export function numberOf(numbers: Readonly<Record<string, number>>, number: string): number | undefined {
  return Object.hasOwn(numbers, number) ? numbers[number] : undefined;
}
