import type { ProviderReport } from "./read-providers.ts";
import { shortUtc } from "./words.ts";

/** What is not well with one provider, in sentences that begin with its name; empty when all is well. */
export function providerTroubles(provider: ProviderReport): readonly string[] {
  const { name, state, trouble, waiting } = provider;
  const wait = waiting === 0 ? "" : `, ${addresses(waiting)}`;
  const why = trouble === null ? "" : ` (${trouble})`;
  const told: Readonly<Record<ProviderReport["state"], string | null>> = {
    ok: null,
    refused: `the key is refused${why}${wait}: set the right one and restart`,
    unavailable: `does not answer${why}${wait}`,
    exhausted: `nothing is left of its budget${untilOf(provider)}${wait}`,
    short: `${leftOf(provider)}${wait}${runsOut(provider)}`,
  };
  return told[state] === null ? [] : [`${name}: ${told[state]}`];
}

function addresses(count: number): string {
  return count === 1 ? "1 address waits" : `${count} addresses wait`;
}

function untilOf({ notBefore, windows }: ProviderReport): string {
  const spent = windows.filter(({ left }) => left === 0);
  const resets = spent.flatMap(({ resetsAt }) => (resetsAt === null ? [] : [resetsAt.getTime()]));
  const until = notBefore?.getTime() ?? (resets.length === 0 ? undefined : Math.max(...resets));
  return until === undefined ? "" : ` until ${shortUtc(new Date(until))}`;
}

const spans = {
  minute: "this minute",
  hour: "this hour",
  day: "today",
  week: "this week",
  month: "this month",
};

/** The window of which the smallest share is left. */
function leftOf({ windows }: ProviderReport): string {
  const [scarcest] = windows
    .filter(({ name, limit }) => name !== "minute" && limit > 0)
    .toSorted((a, b) => a.left / a.limit - b.left / b.limit);
  return scarcest === undefined
    ? "its budget is short"
    : `${scarcest.left} of ${scarcest.limit} left ${spans[scarcest.name]}`;
}

function runsOut({ runsOutAt }: ProviderReport): string {
  return runsOutAt === null ? "" : `, runs out about ${shortUtc(runsOutAt)}`;
}
