import type { Finding, Hint } from "../domain/finding.ts";
import type { HintAction, Policy } from "../domain/policy.ts";
import { describeHint } from "./describe-finding.ts";
import { spanText } from "./span.ts";

/** What the hints come to: `hold`, `watch`, or a longest time; never `none`. */
export interface Objection {
  readonly action: Exclude<HintAction, "none">;
  /** A sentence for each hint that says so. */
  readonly reasons: readonly string[];
}

/** The strictest of what the hints of all findings that know something ask for: watch, then hold, then the shortest time; null: nothing. */
export function weighHints(findings: readonly Finding[], actions: Policy["hints"]): Objection | null {
  const given = findings
    .flatMap((finding) =>
      finding.status === "known" ? finding.evidence.hints.map((hint) => ({ finding, hint })) : [],
    )
    .flatMap(({ finding, hint }) => objectionOf(finding.provider, hint, actions[hint]));
  const strictest = given.reduce((most, { strictness }) => Math.max(most, strictness), 0);
  const [first, ...others] = given.filter(({ strictness }) => strictness === strictest);
  return first === undefined
    ? null
    : { action: first.action, reasons: [...new Set([first, ...others].map(({ reason }) => reason))] };
}

interface Given {
  readonly action: Objection["action"];
  readonly strictness: number;
  readonly reason: string;
}

function objectionOf(provider: string, hint: Hint, action: HintAction): readonly Given[] {
  const said = describeHint(provider, hint);
  switch (action) {
    case "none":
      return [];
    case "watch":
      return [{ action, strictness: 3, reason: `${said}: it is only watched` }];
    case "hold":
      return [{ action, strictness: 2, reason: `${said}: a person must decide` }];
    default: {
      const { atMostSeconds } = action;
      const reason = `${said}: blocked for no longer than ${spanText(atMostSeconds)}`;
      return [{ action, strictness: 1 / (1 + atMostSeconds), reason }];
    }
  }
}
