import type { Story } from "../ports.ts";
import { widerNetwork } from "./block-words.ts";
import { cleanText } from "../domain/clean-text.ts";
import { askLess } from "./hold-words.ts";
import type { Part } from "./letter.ts";
import type { Outcome } from "./outcome.ts";
import { utc } from "./words.ts";

/** What the reader can do now. */
export function adviceFor(kind: Outcome["kind"], story: Story): readonly Part[] {
  const { ip } = story.decision;
  const network = widerNetwork(ip, story.block);
  const allow: readonly Part[] = [
    paragraph(`If ${ip} is yours or a partner's: add it to the allow-list. Then it is never blocked.`),
    { kind: "command", text: `portcullis allow add ${ip} --reason "ours"` },
  ];
  const advice: Readonly<Record<Outcome["kind"], readonly Part[]>> = {
    blocked: [paragraph("If the address should not be blocked:"), ...unblock(ip, network), ...allow],
    "not-blocked": [
      paragraph(
        "See the state of each firewall above. Portcullis keeps trying as long as the block stands. How it is doing:",
      ),
      { kind: "command", text: "portcullis status" },
      paragraph("If the address should not be blocked:"),
      ...unblock(ip, network),
    ],
    withdrawn: [
      paragraph(
        "Find out why the canary did not answer: can you log in, does it reach its gateway? Portcullis tries the block there again after five minutes, alone if need be, and an hour later when it did harm alone. When it does none, it stays and goes to the other firewalls. How it is doing:",
      ),
      { kind: "command", text: `portcullis blocks ${ip}` },
      paragraph("If the address should not be blocked:"),
      ...unblock(ip, network),
      ...allow,
    ],
    "would-block": [
      paragraph(
        "To have such addresses blocked from now on: set MODE=enforce (and a firewall: SSH_HOST, SSH_USER, …) and restart Portcullis. That does not block addresses decided on before.",
      ),
      ...allow,
    ],
    hold: [...hold(story), ...allow],
    over: [paragraph("Nothing. If the address attacks again, the next alert decides anew.")],
  };
  return advice[kind];
}

function hold({ decision }: Story): readonly Part[] {
  const { id, ip, expiresAt } = decision;
  const when = expiresAt === null ? "" : ` at ${utc(expiresAt)}`;
  return [
    paragraph(
      `Nothing, if you trust ${ip}: the hold lapses${when} and the address stays unblocked. Until then no other message comes about it, unless the evidence becomes strong enough to block it.`,
    ),
    paragraph("To block it:"),
    { kind: "command", text: `portcullis approve ${cleanText(id, 80)}` },
    paragraph(askLess(decision)),
  ];
}

function unblock(ip: string, network: string | null): readonly Part[] {
  const what = network === null ? "the block" : `the block on the whole network ${network}`;
  return [
    { kind: "command", text: `portcullis unblock ${ip}` },
    paragraph(
      `This lifts ${what} on every firewall and checks it there. Alerts can't block the address again during the grace period (24 hours unless policy: grace: says otherwise).`,
    ),
  ];
}

function paragraph(text: string): Part {
  return { kind: "paragraph", text };
}
