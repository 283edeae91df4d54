import type { AllowEntry } from "../domain/allow-entry.ts";
import { forever } from "../domain/block.ts";
import { cleanText } from "../domain/clean-text.ts";
import type { Decision } from "../domain/decision.ts";
import type { Finding } from "../domain/finding.ts";
import { graceReason } from "../domain/grace.ts";
import { prefixOf } from "../domain/ip-address.ts";
import type { AddressReport, BlockReport, Hold, SightingReport } from "../ports.ts";
import { isByHand } from "./by-hand-sighting.ts";
import type { ProviderState } from "./read-providers.ts";
import { tellEnforcements } from "./tell-enforcements.ts";
import { tellForecast } from "./tell-forecast.ts";
import { counted, exactly, roughly, shortUtc } from "./words.ts";

export interface AddressStory {
  readonly report: AddressReport;
  /** Why it may never be blocked, or null. */
  readonly protectedReason: string | null;
  /** Entries of the allow-list that cover it. */
  readonly allowed: readonly Pick<AllowEntry, "prefix" | "reason" | "owner" | "actor" | "expiresAt">[];
  /** `missing`: names of providers that would be asked first, and could change it. */
  readonly decisionNow: Pick<Decision, "action" | "reasons" | "rule"> & {
    readonly missing: readonly string[];
  };
  readonly providers: readonly ProviderNow[];
  readonly describeFinding: (finding: Finding) => string;
  /** New blocks are paused. */
  readonly isPaused: boolean;
  readonly now: Date;
}

/** How one provider is. */
export type ProviderNow = Pick<ProviderState, "name" | "title" | "state" | "notBefore" | "trouble">;

/** More would not be read. */
const mostDecisions = 20;
const mostText = 600;

/**
 * Everything about one address in plain sentences, in order: what was seen, what is known, what was decided and done (oldest first), what
 * waits, and what would be decided now. One line each, without characters that a terminal obeys; may quote text from outside.
 */
export function tellAddress(story: AddressStory): readonly string[] {
  return [
    ...tellSightings(story.report),
    ...tellNotes(story.report),
    ...story.report.findings.map((finding) => tellFinding(story, finding)),
    ...tellLookUps(story),
    ...tellHistory(story),
    ...tellNow(story),
  ].map((sentence) => cleanText(sentence, mostText));
}

function tellSightings(report: AddressReport): readonly string[] {
  const seen = seenBySearches(report);
  if (typeof seen === "string") {
    return [seen];
  }
  const { sightings, events, isWhole, first, last } = seen;
  const alerts = new Set(sightings.map(({ alertId }) => alertId)).size;
  const searches = new Set(sightings.map(({ searchName }) => searchName ?? "")).size;
  const atLeast = isWhole ? "" : "at least ";
  return [
    `Seen ${times(events)} in ${atLeast}${counted(alerts, "alert")} by ${searches === 1 ? "1 search" : `${searches} searches`}, first ${shortUtc(first)}, last ${shortUtc(last)}.`,
  ];
}

/** Of the newest alerts that name it. */
const mostNotes = 3;
/** Characters: the whole note is in the alert. */
const mostNoted = 400;

/** What the authors of its alerts have written for people, newest first. */
function tellNotes({ sightings }: AddressReport): readonly string[] {
  const told = sightings.flatMap(({ settings, searchName }) =>
    settings?.note === null || settings?.note === undefined
      ? []
      : [`Note of ${searchWords(searchName)}: ${cleanText(settings.note, mostNoted)}`],
  );
  return [...new Set(told)].slice(0, mostNotes);
}

function searchWords(searchName: string | null): string {
  return searchName === null ? "an alert without a search" : `the search "${cleanText(searchName, 100)}"`;
}

interface Seen {
  readonly sightings: readonly SightingReport[];
  readonly events: number;
  /** These are all of them. */
  readonly isWhole: boolean;
  readonly first: Date;
  readonly last: Date;
}

/** Without what people did by hand; a sentence when nothing is left. */
function seenBySearches({ sightings, events, firstSeenAt, lastSeenAt }: AddressReport): Seen | string {
  const seen = sightings.filter((one) => !isByHand(one));
  // The report holds the newest hundred.
  const isWhole = sightings.length < 100;
  const newest = seen[0];
  const oldest = seen.at(-1);
  if (newest === undefined || oldest === undefined || firstSeenAt === null || lastSeenAt === null) {
    const end = isWhole ? undefined : sightings.at(-1)?.seenAt;
    return `No alert has named it${end === undefined ? "" : ` since ${shortUtc(end)}`}.`;
  }
  if (seen.length === sightings.length) {
    return { sightings, events, isWhole, first: firstSeenAt, last: lastSeenAt };
  }
  const byHand = sightings.reduce((sum, one) => sum + (isByHand(one) ? one.sighting.count : 0), 0);
  const first = isWhole ? oldest.seenAt : firstSeenAt;
  return { sightings: seen, events: events - byHand, isWhole, first, last: newest.seenAt };
}

function times(count: number): string {
  return count === 1 ? "once" : `${count} times`;
}

function tellFinding({ describeFinding, now }: AddressStory, finding: Finding): string {
  const age = roughly(now.getTime() - finding.foundAt.getTime());
  const stale = finding.expiresAt <= now ? ", no longer fresh" : "";
  return `${describeFinding(finding)} (found ${age} ago${stale}).`;
}

function tellLookUps({ report: { lookUps }, providers, now }: AddressStory): readonly string[] {
  return lookUps.map(({ provider, place, dueAt }) => {
    const later = dueAt > now ? `, not before ${shortUtc(dueAt)}` : "";
    const title = providers.find(({ name }) => name === provider)?.title ?? provider;
    return `${title} is still to be asked: place ${place} in the queue${later}.`;
  });
}

/** What happened at one moment. */
interface Event {
  readonly at: Date;
  readonly sentences: readonly string[];
}

function tellHistory({ report }: AddressStory): readonly string[] {
  const shown = report.decisions.slice(0, mostDecisions);
  const left = report.decisions.length - shown.length;
  const events: readonly Event[] = [
    ...shown.map((decision) => tellDecision(decision, report.blocks)),
    ...report.holds.map(tellHold),
    ...report.blocks.flatMap(tellEnd),
  ];
  return [
    ...(left > 0 ? [`${counted(left, "older decision")} not told here.`] : []),
    ...events.toSorted((a, b) => a.at.getTime() - b.at.getTime()).flatMap(({ sentences }) => sentences),
  ];
}

const done: Readonly<Record<Decision["action"], string>> = {
  block: "blocked",
  hold: "held for a person",
  watch: "watched, not blocked",
  ignore: "left alone",
};

function tellDecision(decision: Decision, blocks: readonly BlockReport[]): Event {
  const { id, action, mode, reasons, rule, actor, policyVersion, decidedAt, shadow } = decision;
  const made = blocks.find(({ block }) => block.decisionId === id);
  const what =
    action === "block" && mode === "observe" ? "would have been blocked (mode observe)" : done[action];
  const by = actor === "policy" ? `by policy ${policyVersion}` : `by ${actor}`;
  const ruled = rule === null ? "" : ` Rule: ${rule}.`;
  const why = reasons.length === 0 ? "no reason is on record" : reasons.join("; ");
  return {
    at: decidedAt,
    sentences: [
      `${shortUtc(decidedAt)} ${what}${lasting(decision)} because ${why}, ${by}.${ruled}`,
      ...(shadow === null
        ? []
        : [`The shadow policy would have said ${shadow.action}: ${shadow.reasons.join("; ")}.`]),
      ...(made === undefined ? [] : tellEnforcements(made)),
    ],
  };
}

function lasting({ action, decidedAt, expiresAt }: Decision): string {
  if (action !== "block" || expiresAt === null) {
    return "";
  }
  return expiresAt.getTime() >= forever.getTime()
    ? " without end"
    : ` for ${exactly(expiresAt.getTime() - decidedAt.getTime())}`;
}

function tellHold({ decision, state, endedAt, expiresAt, actor, reason }: Hold): Event {
  const because = reason === null || reason === "" ? "" : `: ${reason}`;
  const at = state === "waiting" || state === "lapsed" ? expiresAt : (endedAt ?? expiresAt);
  const answered = `${shortUtc(at)} the question was ${state} by ${actor ?? "nobody"}${because}.`;
  const told: Readonly<Record<Hold["state"], string>> = {
    waiting: `It waits for a person until ${shortUtc(at)}: "portcullis approve ${decision.id}" blocks it, "portcullis deny ${decision.id}" leaves it alone.`,
    lapsed: `${shortUtc(at)} nobody had answered, so it lapsed.`,
    approved: answered,
    denied: answered,
    released: answered,
    superseded: answered,
  };
  return { at, sentences: [told[state]] };
}

function tellEnd({ state, endedAt, lifted, block }: BlockReport): readonly Event[] {
  if (lifted !== null && endedAt !== null) {
    const { actor, reason, graceUntil } = lifted;
    const grace =
      graceUntil > endedAt ? ` Alerts could not block it again before ${shortUtc(graceUntil)}.` : "";
    return [
      {
        at: endedAt,
        sentences: [
          `${shortUtc(endedAt)} the block on ${block.prefix} was lifted by ${actor}: ${reason}.${grace}`,
        ],
      },
    ];
  }
  const at = endedAt ?? block.expiresAt;
  const why = at < block.expiresAt ? ": another block took its place" : "";
  return state === "ended"
    ? [{ at, sentences: [`${shortUtc(at)} the block on ${block.prefix} ended${why}.`] }]
    : [];
}

function tellNow(story: AddressStory): readonly string[] {
  const { report, protectedReason, allowed, isPaused, now } = story;
  const standing = report.blocks.filter(({ state }) => state === "standing");
  const grace = report.graces.find(({ until }) => until > now);
  return [
    ...allowed.map(({ prefix, reason, owner, actor, expiresAt }) => {
      const until = expiresAt === null ? "" : ` until ${shortUtc(expiresAt)}`;
      const because = reason === "" ? "" : `: ${reason}`;
      return `${prefix} is on the allow-list${until}, by ${owner === "" ? actor : `${actor} for ${owner}`}${because}.`;
    }),
    ...(protectedReason === null ? [] : [`It may never be blocked: ${protectedReason}.`]),
    ...(grace === undefined ? [] : [`Now ${graceReason(prefixOf(report.ip), grace)}.`]),
    ...standing.map((one) => `Now ${one.block.prefix} is ${blockedUntil(one)}.`),
    ...(isPaused ? ["New blocks are paused: alerts block nothing before somebody resumes."] : []),
    tellForecast(story),
  ];
}

/** How long it is blocked, and whether it is anywhere: goes after `is`. */
export function blockedUntil({ block: { mode, expiresAt }, enforcements }: BlockReport): string {
  const until =
    expiresAt.getTime() >= forever.getTime() ? "until somebody lifts it" : `until ${shortUtc(expiresAt)}`;
  if (mode === "observe") {
    return `on record as blocked ${until}, and in force nowhere (mode observe)`;
  }
  if (enforcements.length === 0) {
    return `on record as blocked ${until}, and in force nowhere: no firewall is configured for it`;
  }
  return enforcements.some(({ state }) => state === "verified")
    ? `blocked ${until}`
    : `to be blocked ${until}, in force on 0 of ${counted(enforcements.length, "firewall")}`;
}
