import { beingTried, type Enforcement, type EnforcementState } from "../domain/block.ts";
import { longestNote } from "../domain/alert-settings.ts";
import type { Finding } from "../domain/finding.ts";
import type { Story } from "../ports.ts";
import { adviceFor } from "./advice.ts";
import { blockedWords, isForever, widerNetwork } from "./block-words.ts";
import { cleanText } from "../domain/clean-text.ts";
import { webLink } from "./web-link.ts";
import { type Letter, type Part, type Row, row, type Section, type Tone } from "./letter.ts";
import { type Outcome, outcomeOf } from "./outcome.ts";
import { duration, elapsed, utc } from "./words.ts";

/** Enough to understand any decision; a message must stay short enough that no mail program cuts it. */
const most = { facts: 20, reasons: 20, fields: 20, firewalls: 40 };

/**
 * Everything there is to say about one decision.
 * @param now when the message is written
 * @param canaries names of the firewalls that get new blocks before the others
 */
export function writeLetter(story: Story, now: Date, canaries: readonly string[]): Letter {
  const { decision, alert } = story;
  const outcome = outcomeOf(story, now);
  const search = alert.searchName === null ? "" : cleanText(alert.searchName, 80);
  const { ip } = decision;
  const network = widerNetwork(ip, story.block);
  return {
    subject: `Portcullis ${outcome.verb} ${network === null ? ip : `${network} because of ${ip}`}${search === "" ? "" : ` (${search})`}`,
    verdict: outcome.verdict,
    tone: outcome.tone,
    title: blockedWords(ip, story.block),
    subtitle: search,
    lead: outcome.lead,
    sections: [
      ...firewallSections(story, canaries),
      decisionSection(story, outcome),
      evidenceSection(story),
      alertSection(story),
      { heading: "What you can do", parts: adviceFor(outcome.kind, story) },
    ],
    footer: `Decision ${decision.id}, mode ${decision.mode}, policy ${cleanText(decision.policyVersion, 80)}. Sent by Portcullis.`,
  };
}

function alertSection({ decision, alert, sighting }: Story): Section {
  const link = webLink(alert.resultsLink);
  const note = alert.settings?.note ?? null;
  const fields = sighting.fields.slice(0, most.fields).map((field) => cleanText(field, 80));
  const rest = sighting.fields.length - fields.length;
  return {
    heading: "The alert",
    parts: [
      rows([
        row("Address", decision.ip),
        row(
          "Search",
          alert.searchName === null ? "a search that was not saved" : cleanText(alert.searchName, 200),
        ),
        ...(note === null ? [] : [row("Note", cleanText(note, longestNote))]),
        row("Events", String(sighting.count)),
        row("Found in", [...fields, ...(rest > 0 ? [`${rest} more`] : [])].join(", ")),
        row("Received", utc(alert.receivedAt)),
        row("Alert id", alert.id),
        ...(link === null ? [] : [row("Results", "", { link })]),
      ]),
    ],
  };
}

function decisionSection({ decision, block }: Story, { kind }: Outcome): Section {
  const { reasons, rule, actor, decidedAt, expiresAt } = decision;
  const end = block?.expiresAt ?? expiresAt;
  const ends = {
    "would-block": "Would end",
    hold: "Lapses",
    blocked: "Ends",
    "not-blocked": "Ends",
    withdrawn: "Ends",
    over: "Ends",
  };
  return {
    heading: "The decision",
    parts: [
      { kind: "list", items: reasons.slice(0, most.reasons).map((reason) => cleanText(reason, 500)) },
      rows([
        ...(rule === null ? [] : [row("Rule", cleanText(rule, 500))]),
        row("Decided", `${utc(decidedAt)}, by ${actor === "policy" ? "the policy" : cleanText(actor, 80)}`),
        ...(end === null ? [] : [row(ends[kind], endWords(end, decidedAt))]),
      ]),
    ],
  };
}

function endWords(end: Date, decidedAt: Date): string {
  return isForever(end)
    ? "when somebody lifts it"
    : `${utc(end)}, ${duration(end.getTime() - decidedAt.getTime())} after the decision`;
}

function evidenceSection({ decision: { findings } }: Story): Section {
  const none: Part = { kind: "paragraph", text: "No provider was asked." };
  return {
    heading: "Evidence",
    parts: findings.length === 0 ? [none] : [rows(findings.map(findingRow))],
  };
}

const providerNames: ReadonlyMap<string, string> = new Map([
  ["virustotal", "VirusTotal"],
  ["abuseipdb", "AbuseIPDB"],
]);

function findingRow(finding: Finding): Row {
  const name = providerNames.get(finding.provider) ?? cleanText(finding.provider, 40);
  if (finding.status !== "known") {
    const said = finding.status === "unknown" ? "Does not know this address" : "Could not be asked";
    return row(name, `${said}: ${cleanText(withoutStart(finding.reason, name), 300)}`);
  }
  const { numbers, facts, link } = finding.evidence;
  const told = Object.entries(numbers).map(([label, number]) => `${label} ${number}`);
  return row(name, told.length === 0 ? "Known, without numbers" : cleanText(told.join(", "), 300), {
    details: [
      ...(finding.isStale === true ? [`Out of date: found ${utc(finding.foundAt)}`] : []),
      ...facts
        .slice(0, most.facts)
        .map(([label, value]) => `${cleanText(label, 40)}: ${cleanText(value, 200)}`),
    ],
    link: webLink(link),
  });
}

/** Errors begin with the name of what failed, which stands beside them here. */
function withoutStart(text: string, name: string): string {
  return text.startsWith(`${name}: `) ? text.slice(name.length + 2) : text;
}

function firewallSections(
  { block, enforcements, alert }: Story,
  canaries: readonly string[],
): readonly Section[] {
  if (block === null || enforcements.length === 0) {
    return [];
  }
  const shown = enforcements
    .slice(0, most.firewalls)
    .map((one) =>
      waitsForCanary(one, enforcements, canaries)
        ? row(cleanText(one.firewall, 64), "Not blocked yet: waits for the canary.", { tone: "waiting" })
        : firewallRow(one, alert.receivedAt),
    );
  const rest = enforcements.slice(most.firewalls);
  const restVerified = rest.filter(({ state }) => state === "verified").length;
  const restRow = row(
    `${rest.length} more`,
    `${restVerified} verified, ${rest.length - restVerified} not; "portcullis status" shows them.`,
    { tone: restVerified === rest.length ? "good" : "bad" },
  );
  return [{ heading: "Firewalls", parts: [rows([...shown, ...(rest.length === 0 ? [] : [restRow])])] }];
}

/** It has not been asked: what it could not do would stand there as its error. */
function waitsForCanary(
  { firewall, state, error }: Enforcement,
  all: readonly Enforcement[],
  canaries: readonly string[],
): boolean {
  const isOpen = all.some((one) => canaries.includes(one.firewall) && one.state !== "verified");
  return state === "requested" && error === null && isOpen && !canaries.includes(firewall);
}

function firewallRow({ firewall, state, verifiedAt, error }: Enforcement, receivedAt: Date): Row {
  const why = error === null ? "" : `: ${cleanText(withoutStart(error, firewall), 300)}`;
  const when =
    verifiedAt === null
      ? ""
      : ` at ${utc(verifiedAt)}, ${elapsed(verifiedAt.getTime() - receivedAt.getTime())} after the alert`;
  const said: Readonly<Record<EnforcementState, readonly [words: string, tone: Tone]>> = {
    verified: [`Blocked. Verified in the kernel${when}.`, "good"],
    applied: [`In the kernel's list, but packets may still pass${why}. Portcullis keeps trying.`, "bad"],
    requested: [`Not blocked yet${why || ": no answer so far"}. Portcullis keeps trying.`, "waiting"],
    refused: [`Refused${why}. It will not be blocked there.`, "bad"],
    failed: [`Failed${why}.`, "bad"],
    lifting: ["Being unblocked.", "waiting"],
    lifted: ["Unblocked.", "waiting"],
    withdrawn:
      error === beingTried
        ? ["Not blocked yet: is being tried on this canary.", "waiting"]
        : [`Taken off again${why || ": it did not answer any more"}.`, "bad"],
    expired: [`Over${why}.`, "waiting"],
  };
  const [words, tone] = said[state];
  return row(cleanText(firewall, 64), words, { tone });
}

function rows(rows: readonly Row[]): Part {
  return { kind: "rows", rows };
}
