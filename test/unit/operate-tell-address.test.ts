import { describe, expect, test } from "vitest";
import { forever } from "../../src/domain/block.ts";
import type { AddressReport, Hold } from "../../src/ports.ts";
import { type AddressStory, tellAddress } from "../../src/operate/tell-address.ts";
import { abuseipdb, emptyReport, sampleReport } from "../fakes/address-story.ts";
import { virustotal } from "../fakes/findings.ts";
import { after, ip, prefix, sampleDecision, sampleEnforcement, t0 } from "../fakes/samples.ts";

const address = ip("203.0.113.9");

/** The story of this report, a day after `t0`. */
function tell(report: Partial<AddressReport>, changes: Partial<AddressStory> = {}): readonly string[] {
  return tellAddress({
    report: { ...emptyReport(address), ...report },
    protectedReason: null,
    allowed: [],
    decisionNow: { action: "watch", reasons: ["nothing speaks for a block"], rule: null, missing: [] },
    providers: [abuseipdb],
    describeFinding: () => "VirusTotal: 8 of 94 engines call it malicious",
    isPaused: false,
    now: after(3 * 3600),
    ...changes,
  });
}

const sighting = (alertId: string, searchName: string | null) => ({
  sighting: { ip: address, count: 5, fields: ["src_ip"], severity: null },
  alertId,
  searchName,
  settings: null,
  seenAt: t0,
  decision: null,
  error: null,
  dueAt: null,
});

const blocked = sampleDecision("de_1", {
  reasons: ["VirusTotal: 8 of 94 engines call it malicious", "first block"],
  decidedAt: t0,
  expiresAt: after(86_400),
});

const waiting: Hold = {
  decision: sampleDecision("de_2", { action: "hold" }),
  searchName: null,
  askedMode: null,
  createdAt: t0,
  expiresAt: after(3600),
  state: "waiting",
  endedAt: null,
  actor: null,
  reason: null,
};

describe("the story of an address", () => {
  test("that nobody has seen says so, and what an alert would do", () => {
    expect(tell({})).toEqual([
      "No alert has named it.",
      "An alert about it now would be decided: watch, because nothing speaks for a block.",
    ]);
  });

  test("that was blocked tells what was seen, found, decided and done, in order", () => {
    const story = tell({
      sightings: [sighting("al_1", "a"), sighting("al_1", "b"), sighting("al_2", null)],
      events: 41,
      firstSeenAt: t0,
      lastSeenAt: after(7200),
      findings: [{ ...virustotal(8), foundAt: t0, expiresAt: after(86_400) }],
      lookUps: [{ provider: "abuseipdb", place: 12, since: t0, dueAt: after(14_400) }],
      decisions: [blocked],
      blocks: [
        sampleReport({
          enforcements: [
            sampleEnforcement({
              firewall: "edge1",
              state: "verified",
              verifiedAt: new Date(t0.getTime() + 22),
              packets: 7,
            }),
            sampleEnforcement({ firewall: "edge2", state: "verified", verifiedAt: after(3.24) }),
            sampleEnforcement({ firewall: "edge3", state: "failed", error: "no route" }),
          ],
        }),
      ],
    });

    expect(story).toEqual([
      "Seen 41 times in 2 alerts by 3 searches, first 2026-11-21 09:00 UTC, last 2026-11-21 11:00 UTC.",
      "VirusTotal: 8 of 94 engines call it malicious (found 3 h ago).",
      "AbuseIPDB is still to be asked: place 12 in the queue, not before 2026-11-21 13:00 UTC.",
      "2026-11-21 09:00 UTC blocked for 24 h because VirusTotal: 8 of 94 engines call it malicious; first block, by policy sha256:0123456789ab. Rule: virustotal.malicious >= 2.",
      "In force on edge1 (verified after 22 ms) and edge2 (verified after 3.2 s).",
      "On edge3: failed (no route).",
      "It has dropped 7 packets for 203.0.113.9/32.",
      "Now 203.0.113.9/32 is blocked until 2026-11-22 09:00 UTC.",
      "An alert about it now would be decided: watch, because nothing speaks for a block.",
    ]);
  });

  test("tells the newest notes of its alerts, each once and on one line", () => {
    const noted = (n: number, note: string | null, searchName: string | null = "a") => ({
      ...sighting(`al_${n}`, searchName),
      settings: { fields: null, severity: null, mode: null, note },
    });
    const notes = [
      noted(1, "one\n\u202etwo"),
      noted(2, null),
      noted(3, "one\n\u202etwo"),
      noted(4, "x", null),
    ];
    const seen = { events: 20, firstSeenAt: t0, lastSeenAt: t0 };

    expect(tell({ sightings: notes, ...seen }).slice(1, 3)).toEqual([
      'Note of the search "a": one \ufffdtwo',
      "Note of an alert without a search: x",
    ]);
    const many = Array.from({ length: 9 }, (_, n) => noted(n, `note ${n}`));
    expect(tell({ sightings: many, ...seen }).filter((line) => line.startsWith("Note of"))).toEqual(
      [0, 1, 2].map((n) => `Note of the search "a": note ${n}`),
    );
  });

  test("does not count what a person blocked by hand as an alert of a search", () => {
    const byHand = {
      ...sighting("al_hand", null),
      sighting: { ip: address, count: 1, fields: ["network"], severity: null },
      seenAt: after(600),
      decision: sampleDecision("de_hand", { actor: "alice", rule: null, findings: [] }),
    };
    // What a search calls so, and a person has approved.
    const search = { ...byHand, alertId: "al_2", seenAt: t0, decision: { ...byHand.decision, rule: "x" } };
    const found = sighting("al_1", "a");
    const seen = { firstSeenAt: t0, lastSeenAt: after(600) };

    expect(tell({ sightings: [byHand], events: 1, ...seen })[0]).toBe("No alert has named it.");
    expect(tell({ sightings: [byHand, found], events: 6, ...seen })[0]).toBe(
      "Seen 5 times in 1 alert by 1 search, first 2026-11-21 09:00 UTC, last 2026-11-21 09:00 UTC.",
    );
    expect(tell({ sightings: [byHand, search], events: 2, ...seen })[0]).toMatch(/^Seen once in 1 alert by /);
    const hundred = Array.from({ length: 100 }, () => byHand);
    expect(tell({ sightings: hundred, events: 900, ...seen })[0]).toBe(
      "No alert has named it since 2026-11-21 09:10 UTC.",
    );
  });

  test("that was blocked for longer says that another block took the place of the first", () => {
    const story = tell({
      decisions: [blocked],
      blocks: [
        sampleReport({
          state: "ended",
          endedAt: after(60),
          enforcements: [
            sampleEnforcement({ firewall: "edge1", state: "expired", error: "replaced by bl_2" }),
            sampleEnforcement({ firewall: "edge2", state: "expired", error: null }),
          ],
        }),
      ],
    });

    expect(story.slice(2, 5)).toEqual([
      "On edge1: another block took its place.",
      "On edge2: its time was over.",
      "2026-11-21 09:01 UTC the block on 203.0.113.9/32 ended: another block took its place.",
    ]);
    expect(tell({ blocks: [sampleReport({ state: "ended", endedAt: after(86_400) })] })).toContain(
      "2026-11-22 09:00 UTC the block on 203.0.113.9/32 ended.",
    );
  });

  test("that was lifted tells who did it, why, and until when alerts can't block it again", () => {
    const grace = {
      prefix: prefix("203.0.113.0/24"),
      until: after(90_000),
      actor: "alice",
      reason: "ours",
      liftedAt: t0,
    };
    const story = tell({
      decisions: [blocked],
      blocks: [
        sampleReport({
          state: "lifted",
          endedAt: after(60),
          lifted: { actor: "alice", reason: "ours", graceUntil: after(90_000) },
        }),
      ],
      graces: [grace],
    });

    expect(story.slice(1)).toEqual([
      expect.stringContaining("blocked for 24 h"),
      "2026-11-21 09:01 UTC the block on 203.0.113.9/32 was lifted by alice: ours. Alerts could not block it again before 2026-11-22 10:00 UTC.",
      "Now a person lifted the block on 203.0.113.0/24; alerts can't block it before 2026-11-22T10:00:00.000Z.",
      expect.stringContaining("An alert about it now"),
    ]);
  });

  test.each([
    [
      { state: "waiting" },
      'It waits for a person until 2026-11-21 10:00 UTC: "portcullis approve de_2" blocks it, "portcullis deny de_2" leaves it alone.',
    ],
    [{ state: "lapsed" }, "2026-11-21 10:00 UTC nobody had answered, so it lapsed."],
    [
      { state: "denied", endedAt: after(60), actor: "bob", reason: "a customer" },
      "2026-11-21 09:01 UTC the question was denied by bob: a customer.",
    ],
    [
      { state: "superseded", endedAt: after(60), actor: null, reason: "" },
      "2026-11-21 09:01 UTC the question was superseded by nobody.",
    ],
  ] as const)("whose hold is %j says so", (change, sentence) => {
    expect(tell({ holds: [{ ...waiting, ...change }] })).toContain(sentence);
  });

  test("tells why it may not be blocked, who allowed it, and that new blocks are paused", () => {
    const entry = {
      prefix: prefix("203.0.113.0/24"),
      reason: "a partner",
      owner: "net team",
      actor: "al",
      expiresAt: after(0),
    };
    const story = tell(
      {},
      { protectedReason: "203.0.113.9 is on the allow-list", allowed: [entry], isPaused: true },
    );

    expect(story).toEqual(
      expect.arrayContaining([
        "203.0.113.0/24 is on the allow-list until 2026-11-21 09:00 UTC, by al for net team: a partner.",
        "It may never be blocked: 203.0.113.9 is on the allow-list.",
        "New blocks are paused: alerts block nothing before somebody resumes.",
      ]),
    );
  });

  test("tells mode observe, a block without end, a person's deed and the shadow policy in words", () => {
    const shadow = {
      action: "hold",
      reasons: ["too little"],
      rule: null,
      policyVersion: "sha256:1",
    } as const;
    const story = tell({
      decisions: [
        { ...blocked, mode: "observe" },
        {
          ...blocked,
          id: "de_3",
          actor: "alice",
          rule: null,
          reasons: ["alice blocked it by hand"],
          expiresAt: forever,
          shadow,
        },
      ],
      blocks: [sampleReport({ block: { ...sampleReport().block, decisionId: "de_3", expiresAt: forever } })],
    });

    expect(story).toEqual(
      expect.arrayContaining([
        expect.stringContaining("would have been blocked (mode observe) for 24 h because"),
        "2026-11-21 09:00 UTC blocked without end because alice blocked it by hand, by alice.",
        "The shadow policy would have said hold: too little.",
        "Now 203.0.113.9/32 is on record as blocked until somebody lifts it, and in force nowhere: no firewall is configured for it.",
      ]),
    );
  });

  test("keeps hostile text on one line without anything that a terminal obeys, and cuts what is endless", () => {
    const evil = "a\u001b[2J\u202eb\r\nc";
    const story = tell({
      decisions: [
        { ...blocked, reasons: [evil] },
        { ...blocked, id: "de_9", reasons: ["x".repeat(5000)] },
      ],
      blocks: [
        sampleReport({ state: "lifted", endedAt: t0, lifted: { actor: evil, reason: evil, graceUntil: t0 } }),
      ],
    });

    // oxlint-disable-next-line no-control-regex -- control characters are what this is about
    expect(story.join("")).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
    expect(story.every((sentence) => sentence.length < 700)).toBe(true);
  });

  test("that is long leaves out the oldest decisions and says how many", () => {
    const decisions = Array.from({ length: 25 }, (_, index) => ({ ...blocked, id: `de_${index}` }));

    expect(tell({ decisions })).toContain("5 older decisions not told here.");
  });
});
