import type { Story } from "../ports.ts";
import type { Part } from "./letter.ts";
import type { Outcome } from "./outcome.ts";
import { utc } from "./words.ts";

/** What the reader can do now. */
export function adviceFor(kind: Outcome["kind"], story: Story): readonly Part[] {
  const { ip } = story.decision;
  const allow = paragraph(
    `If ${ip} is yours or a partner's: add it to ALLOWLIST, or to allowlist: in portcullis.yaml. Then it is never blocked.`,
  );
  const advice: Readonly<Record<Outcome["kind"], readonly Part[]>> = {
    blocked: [paragraph("If the address should not be blocked:"), ...unblock(ip), allow],
    "not-blocked": [
      paragraph(
        "See the state of each firewall above. Portcullis keeps trying as long as the block stands. How it is doing:",
      ),
      { kind: "command", text: "portcullis status" },
      paragraph("If the address should not be blocked:"),
      ...unblock(ip),
    ],
    "would-block": [
      paragraph(
        "To have such addresses blocked from now on: set MODE=enforce (and a firewall: SSH_HOST, SSH_USER, …) and restart Portcullis. That does not block addresses decided on before.",
      ),
      allow,
    ],
    hold: [...hold(story), allow],
    over: [paragraph("Nothing. If the address attacks again, the next alert decides anew.")],
  };
  return advice[kind];
}

function hold({ decision: { ip, mode, expiresAt } }: Story): readonly Part[] {
  const when = expiresAt === null ? "" : ` at ${utc(expiresAt)}`;
  return [
    paragraph(
      `Nothing, if you trust ${ip}: the hold lapses${when} and the address stays unblocked. Until then no other message comes about it, unless the evidence becomes strong enough to block it.`,
    ),
    paragraph(
      mode === "approve"
        ? "To have such addresses blocked without asking: set MODE=enforce and restart Portcullis."
        : "To have such addresses blocked without asking: lower the numbers under policy: block: in portcullis.yaml and restart Portcullis.",
    ),
  ];
}

function unblock(ip: string): readonly Part[] {
  return [
    { kind: "command", text: `portcullis unblock ${ip}` },
    paragraph(
      "This lifts the block on every firewall and checks it there. Alerts can't block the address again during the grace period (24 hours unless policy: grace: says otherwise).",
    ),
  ];
}

function paragraph(text: string): Part {
  return { kind: "paragraph", text };
}
