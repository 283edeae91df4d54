import type { Decision } from "../domain/decision.ts";
import type { PipelineDeps } from "./deps.ts";

/** Splunk is asked at once, and a search whose alert was sent has ended: an answer takes a second or two. */
const patienceMs = 60_000;

/** How often it is looked for an answer that nobody has told of. */
const pauseMs = 5000;

/** What a block needs besides its policy: null, nothing more; when to look again; or why it must not be without a person. */
export type Objection =
  | null
  | { readonly kind: "wait"; readonly until: Date }
  | { readonly kind: "doubt"; readonly why: string };

/** Whether a block may be made without a person although anybody may have sent its alert. */
export async function objectionTo(
  { confirmationOf, now }: Pick<PipelineDeps, "confirmationOf" | "now">,
  { action, alertId }: Pick<Decision, "action" | "alertId">,
  seenAt: Date,
): Promise<Objection> {
  if (confirmationOf === null || action !== "block") {
    return null;
  }
  const { isGenuine, doubt } = await confirmationOf(alertId);
  if (isGenuine === true) {
    return null;
  }
  const time = now().getTime();
  return doubt === null && time < seenAt.getTime() + patienceMs
    ? { kind: "wait", until: new Date(time + pauseMs) }
    : { kind: "doubt", why: doubt ?? `Splunk has not answered within ${patienceMs / 1000} s` };
}
