import type { Decision, HoldCause } from "../domain/decision.ts";

/** Why a person is asked, as one or two sentences. */
export function holdLead({ ip, holdCause }: Pick<Decision, "ip" | "holdCause">): string {
  const leads: Readonly<Record<HoldCause, string>> = {
    rule: `${ip} is suspicious, but not clearly enough to block it without asking. It is NOT blocked.`,
    hint: `${ip} is NOT blocked: a rule says so, but something speaks against it, see below.`,
    approve: `${ip} is NOT blocked: in mode approve every block waits for a person.`,
    provider: `${ip} is NOT blocked: a provider whose answer counts could not be asked in time.`,
    limit: `${ip} is NOT blocked: a rule says so, but there are more new blocks than the limits allow.`,
    paused: `${ip} is NOT blocked: a rule says so, but new blocks are paused.`,
    unconfirmed: `${ip} is NOT blocked: a rule says so, but Splunk has not confirmed the alert, so it may be forged.`,
  };
  return leads[holdCause ?? "rule"];
}

/** What to change so that nobody is asked another time. */
export function askLess({ holdCause }: Pick<Decision, "holdCause">): string {
  const ways: Readonly<Record<HoldCause, string>> = {
    rule: "To have such addresses blocked without asking: lower the numbers under policy: block: in portcullis.yaml and restart Portcullis.",
    hint: "To have such addresses blocked without asking: change policy: hints: in portcullis.yaml and restart Portcullis.",
    approve: "To have such addresses blocked without asking: set MODE=enforce and restart Portcullis.",
    provider:
      "To have such addresses decided without asking: change policy: unavailable: in portcullis.yaml and restart Portcullis.",
    limit: 'To have all that wait because of a limit blocked: "portcullis resume".',
    paused: 'To have all that wait because of the pause blocked: "portcullis resume".',
    unconfirmed:
      "If the alert is genuine and Splunk confirms it later, it is blocked without you. To have alerts believed: splunk: requireGenuine: false in portcullis.yaml, and restart Portcullis.",
  };
  return ways[holdCause ?? "rule"];
}
