import { describe, expect, test } from "vitest";
import { type EnforcementState, forever } from "../../src/domain/block.ts";
import { parseIpPrefix } from "../../src/domain/ip-address.ts";
import { createMessage } from "../../src/notify/message.ts";
import type { Story } from "../../src/ports.ts";
import { decidedAt, enforcement, story } from "./notify-stories.ts";

const message = (about: Story, now = decidedAt) => createMessage(about, now);

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
      "--grace 0",
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
