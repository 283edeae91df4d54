import type { AddressStory, ProviderNow } from "./tell-address.ts";
import { listed, shortUtc } from "./words.ts";

/** What an alert about the address would do now, as one sentence. */
export function tellForecast({
  decisionNow,
  providers,
  isPaused,
}: Pick<AddressStory, "decisionNow" | "providers" | "isPaused">): string {
  const { action, reasons, missing } = decisionNow;
  const because = reasons.length === 0 ? "" : `, because ${reasons.join("; ")}`;
  if (action === "block" && isPaused) {
    const why = reasons.length === 0 ? "" : `; else it would be blocked${because}`;
    return `An alert about it now would be held: new blocks are paused${why}.`;
  }
  if (missing.length === 0) {
    return `An alert about it now would be decided: ${action}${because}.`;
  }
  const asked = missing.map((name) => providers.find((one) => one.name === name) ?? unknown(name));
  const stuck = asked.filter(({ state }) => state !== "ok" && state !== "short");
  const names = listed(asked.map(({ title }) => title));
  return stuck.length === 0
    ? `An alert about it now would ask ${names} first; without them it would be decided: ${action}${because}.`
    : `An alert about it now would wait for ${names} (${stuck.map(stateWords).join("; ")}); with what is known it would be decided: ${action}${because}.`;
}

function unknown(name: string): ProviderNow {
  return { name, title: name, state: "ok", notBefore: null, trouble: null };
}

const said: Readonly<Record<ProviderNow["state"], string>> = {
  ok: "is well",
  short: "has little left of its budget",
  exhausted: "has nothing left of its budget",
  refused: "refuses the key",
  unavailable: "does not answer",
};

/** `VirusTotal refuses the key, tried again 2026-11-20 14:00 UTC` */
function stateWords({ title, state, notBefore }: ProviderNow): string {
  return `${title} ${said[state]}${notBefore === null ? "" : `, tried again ${shortUtc(notBefore)}`}`;
}
