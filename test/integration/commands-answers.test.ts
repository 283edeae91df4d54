import { expect, test } from "vitest";
import { block, enforcement, firewall, since, startAnswering, usual } from "./answering-desk.ts";

test("blocks: without end, over, observed, on many firewalls; hostile text is shown without what a terminal would obey", async () => {
  const many = Array.from({ length: 5 }, (_, index) => enforcement(`edge-${index}`, "verified"));
  const evil = "a\u001b[2J\u009b\u202eb";
  const { command } = await startAnswering(() => ({
    blocks: [
      block("203.0.113.0/24", {
        expiresAt: null,
        enforcements: [...many, enforcement("edge-9", "withdrawn")],
      }),
      block("2001:db8::5/128", {
        state: "ended",
        endedAt: since,
        enforcements: [enforcement("edge-1", "expired", { packets: 3, bytes: 1_500_000 })],
      }),
      block("203.0.113.9/32", { mode: "observe" }),
      block("203.0.113.8/32", {
        state: "lifted",
        endedAt: since,
        lifted: { actor: evil, reason: evil, graceUntil: since },
        enforcements: [enforcement(evil, "lifted", { packets: 1 })],
      }),
    ],
    next: null,
  }));

  const { out } = await command("blocks", "--all");
  const json = await command("blocks", "--all", "--json");

  const lines = out.split("\n").map((line) => line.replaceAll(/ {2,}/g, "|"));
  expect(lines.slice(1)).toEqual([
    "203.0.113.0/24|somebody lifts it|2026-11-20 13:00:00 UTC|verified 5 firewalls; withdrawn edge-9|0|0 B",
    "2001:db8::5|over 2026-11-20 13:00:00 UTC|2026-11-20 13:00:00 UTC|expired edge-1|3|1.5 MB|▇▇▇▇▇▇▇▇▇▇▇▇",
    "203.0.113.9|2026-11-21 13:00:00 UTC|2026-11-20 13:00:00 UTC|none: made in mode observe|0|0 B",
    "203.0.113.8|lifted 2026-11-20 13:00:00 UTC by a\ufffd[2J\ufffd\ufffdb: a\ufffd[2J\ufffd\ufffdb|2026-11-20 13:00:00 UTC|lifted a\ufffd[2J\ufffd\ufffdb|1|0 B|▇▇▇▇",
    "",
  ]);
  // oxlint-disable-next-line no-control-regex -- that there are none is what is tested
  expect(json.out).not.toMatch(/[\u001b\u009b\u202e]/);
  expect(JSON.stringify(JSON.parse(json.out))).toContain(JSON.stringify(evil));
});

test("blocks: pages are put together until there are enough", async () => {
  const { command, asked } = await startAnswering((call) => ({
    blocks: call.includes("lifting")
      ? []
      : Array.from({ length: Number(/limit=(\d+)/.exec(call)?.[1]) }, () => block("203.0.113.9/32")),
    next: call.includes("lifting") ? null : "a&b",
  }));

  const { out } = await command("blocks", "--limit", "1100");

  expect(asked).toEqual([
    "GET /api/v1/blocks?limit=500&lifting=true",
    "GET /api/v1/blocks?limit=500&standing=true",
    "GET /api/v1/blocks?limit=500&standing=true&cursor=a%26b",
    "GET /api/v1/blocks?limit=100&standing=true&cursor=a%26b",
  ]);
  expect(out.split("\n")).toHaveLength(1 + 1100 + 2);
});

test("blocks: what was lifted and is still dropped goes ahead; what nobody looks at any more is not called verified", async () => {
  const { command } = await startAnswering(
    (call) => ({
      blocks: call.includes("lifting=true")
        ? [
            block("203.0.113.8/32", {
              state: "lifted",
              endedAt: since,
              lifted: { actor: "alice", reason: "ours", graceUntil: since },
              enforcements: [enforcement("edge-1", "lifted"), enforcement("dmz-1", "lifting")],
            }),
          ]
        : [
            block("203.0.113.9/32", {
              enforcements: [
                enforcement("dmz-1", "verified"),
                enforcement("edge-1", "verified"),
                enforcement("gone-1", "applied"),
              ],
            }),
          ],
      next: null,
    }),
    [...usual, firewall("dmz-1", { enabled: false, state: "disabled" })],
  );

  const { out } = await command("blocks");

  const lines = out.split("\n").map((line) => line.replaceAll(/ {2,}/g, "|"));
  expect(lines[1]).toContain("203.0.113.8|lifted 2026-11-20 13:00:00 UTC by alice: ours|");
  expect(lines[1]).toContain("|lifted edge-1; lifting dmz-1|");
  expect(lines[2]).toContain("|not watched dmz-1 gone-1; verified edge-1|");
});

test("blocks: of an address, also one that is lifted and may still be dropped, why it is not dropped, and who let it out", async () => {
  const far = "2999-01-01T00:00:00.000Z";
  const lifted = { state: "lifted", endedAt: since, lifted: { actor: "a", reason: "r", graceUntil: far } };
  const { command } = await startAnswering(() => ({
    blocks: [
      block("203.0.113.0/24", {
        enforcements: [
          enforcement("edge-1", "withdrawn", { error: "edge-1 as canary: no answer" }),
          enforcement("edge-2", "refused", { error: "its own gateway" }),
          enforcement("edge-3", "verified"),
        ],
      }),
      block("203.0.113.8/32", {
        ...lifted,
        expiresAt: far,
        enforcements: [enforcement("edge-1", "lifting", { error: "timed out" })],
      }),
      block("203.0.113.8/32", {
        ...lifted,
        enforcements: [enforcement("edge-1", "expired", { error: "over" })],
      }),
      block("203.0.113.8/32", {
        ...lifted,
        expiresAt: "2026-01-01T00:00:00.000Z",
        enforcements: [enforcement("edge-1", "lifting")],
      }),
    ],
    graces: [{ prefix: "203.0.113.0/25", until: far, actor: "alice", reason: "ours" }],
    protected: "203.0.113.0/24 is on the allow-list (our office)",
  }));

  const { out } = await command("blocks", "203.0.113.8");
  const all = await command("blocks", "203.0.113.8", "--all");

  expect(out.split("\n").slice(3)).toEqual([
    "203.0.113.0/24 is withdrawn on edge-1: edge-1 as canary: no answer",
    "203.0.113.0/24 is refused on edge-2: its own gateway",
    "203.0.113.8 is lifting on edge-1: timed out",
    `Alerts can't block 203.0.113.0/25 before 2999-01-01 00:00:00 UTC: alice let it out (ours). "portcullis unblock 203.0.113.8 --grace 0" ends that.`,
    "Nothing may block it: 203.0.113.0/24 is on the allow-list (our office).",
    "",
  ]);
  expect(all.out.split("\n")).toHaveLength(5 + 6);
});
