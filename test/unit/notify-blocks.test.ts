import { describe, expect, test } from "vitest";
import { type EnforcementState, forever } from "../../src/domain/block.ts";
import { parseIpPrefix } from "../../src/domain/ip-address.ts";
import { createMessage } from "../../src/notify/message.ts";
import type { Story } from "../../src/ports.ts";
import { decidedAt, enforcement, story, tell } from "./notify-stories.ts";

const message = (about: Story, now = decidedAt) => createMessage(tell(about), now);

describe("a block that is in force nowhere says why:", () => {
  const on = (state: EnforcementState) =>
    story({
      enforcements: [
        enforcement("edge-1", { state, verifiedAt: null }),
        enforcement("edge-2", { state: "requested", verifiedAt: null }),
      ],
    });

  test.each([
    [
      "applied",
      "NOT BLOCKED YET",
      "is in the list of 1 firewall, but its packets may still pass",
      "portcullis status",
    ],
    [
      "withdrawn",
      "NOT BLOCKED",
      "is NOT blocked: with the block in force the canary did not answer",
      "tries the block there again after five minutes",
    ],
  ] as const)("%s", (state, verdict, lead, advice) => {
    const { text } = message(on(state));

    expect(text.startsWith(`${verdict}: 203.0.113.45 (`)).toBe(true);
    expect(text).toContain(`203.0.113.45 ${lead}`);
    expect(text.split("What you can do")[1]).toContain(advice);
  });

  test("expired everywhere", () => {
    const { text } = message(story({ enforcements: [enforcement("edge-1", { state: "expired" })] }));

    expect(text).toMatch(/^BLOCK OVER: /);
    expect(text).not.toContain("portcullis unblock");
  });
});

describe("with a canary", () => {
  const told = (canary: EnforcementState, error: string | null, canaries = ["edge-1"]) => {
    const about = story({
      enforcements: [
        enforcement("edge-1", { state: canary, verifiedAt: null, error }),
        enforcement("edge-2", { state: "requested", verifiedAt: null }),
      ],
    });
    return createMessage(tell(about), decidedAt, canaries).text;
  };

  test.each(["requested", "applied", "failed", "withdrawn"] as const)(
    "that has the block %s, the others wait for it",
    (state) => {
      const text = told(state, null);

      expect(text).toMatch(/^edge-2: Not blocked yet: waits for the canary\.$/m);
      expect(text).not.toMatch(/^edge-1: .*waits for the canary/m);
    },
  );

  test.each([
    ["that has verified the block", told("verified", null)],
    ["that is none", told("requested", null, [])],
    ["that this block is not for", told("requested", null, ["edge-9"])],
  ])("%s, nobody waits for it", (_what, text) => {
    expect(text).toMatch(/^edge-2: Not blocked yet: no answer so far\. Portcullis keeps trying\.$/m);
  });

  test("on which the block is being tried, it is not told as taken off", () => {
    const text = told("withdrawn", "is being tried");

    expect(text).toMatch(/^NOT BLOCKED YET: /);
    expect(text).toMatch(/^edge-1: Not blocked yet: is being tried on this canary\.$/m);
  });
});

describe("a block on the network around the address", () => {
  const network = parseIpPrefix("203.0.113.0/24");
  const wide = story({ block: network === undefined ? null : { prefix: network } });

  test("is told as such, with the address that gave the reason", () => {
    const { subject, text, html } = message(wide);

    expect(subject).toBe("Portcullis blocked 203.0.113.0/24 because of 203.0.113.45 (SSH brute force)");
    expect(text).toMatch(/^BLOCKED: 203\.0\.113\.0\/24, which holds 203\.0\.113\.45 \(SSH brute force\)\n/);
    expect(text).toContain("203.0.113.0/24, which holds 203.0.113.45, is blocked on both firewalls until");
    expect(text).toContain("This lifts the block on the whole network 203.0.113.0/24 on every firewall");
    expect(html).toContain("203.0.113.0/24, which holds 203.0.113.45, is blocked");
  });

  test.each([
    ["observed", { ...wide, block: wide.block && { ...wide.block, mode: "observe" as const } }, decidedAt],
    ["over", wide, new Date("2026-11-21T18:00:00Z")],
    ["lifted", { ...wide, enforcements: [enforcement("edge-1", { state: "lifted" })] }, decidedAt],
  ])("%s too", (_what, about, now) => {
    expect(message(about, now).text.split("\n")[2]).toContain("203.0.113.0/24, which holds 203.0.113.45");
  });
});

test("a block without end is told to stand until somebody lifts it", () => {
  for (const mode of ["enforce", "observe"] as const) {
    const { text, html } = message(
      story({ decision: { mode, expiresAt: forever }, block: { mode, expiresAt: forever } }),
    );

    expect(text).toMatch(/^(?:Ends|Would end): +when somebody lifts it$/m);
    expect(text + html).not.toMatch(/9999|NaN|[0-9]{5} days/);
  }
  expect(message(story({ block: { expiresAt: forever } })).text).toContain(
    "is blocked on both firewalls until somebody lifts it.",
  );
});
