import { describe, expect, test } from "vitest";
import { createMessage } from "../../src/notify/message.ts";
import type { Story } from "../../src/ports.ts";
import {
  attacker,
  blocked,
  decidedAt,
  endsAt,
  enforcement,
  held,
  ip,
  observed,
  partlyBlocked,
  silent,
  story,
  tell,
} from "./notify-stories.ts";

const message = (about: Story, now = decidedAt) => createMessage(tell(about), now);

test("the text says everything about a block", () => {
  expect(message(blocked).text).toMatchInlineSnapshot(`
    "BLOCKED: 203.0.113.45 (SSH brute force)

    203.0.113.45 is blocked on both firewalls until 2026-11-21 13:00:00 UTC. The block was read back from the kernel.

    Firewalls
    ---------
    edge-1: Blocked. Verified in the kernel at 2026-11-20 13:00:00 UTC, 342 ms after the alert.
    edge-2: Blocked. Verified in the kernel at 2026-11-20 13:00:03 UTC, 3.2 s after the alert.

    The decision
    ------------
    * VirusTotal: 8 of 94 engines call it malicious (rule: at least 5)
    * AbuseIPDB: abuse score 97 of 100, 412 reports by 87 reporters
    * Splunk counted 57 events

    Rule:    virustotal.malicious >= 5
    Decided: 2026-11-20 13:00:00 UTC, by the policy
    Ends:    2026-11-21 13:00:00 UTC, 24 hours after the decision

    Evidence
    --------
    VirusTotal: malicious 8, suspicious 1, harmless 60, undetected 25, reputation -12
                Network: 203.0.113.0/24
                Owner: EXAMPLE-AS (AS64500)
                Country: DE
                https://www.virustotal.com/gui/ip-address/203.0.113.45
    AbuseIPDB:  score 97, reports 412, reporters 87
                Provider: Example Hosting
                https://www.abuseipdb.com/check/203.0.113.45

    The alert
    ---------
    Address:  203.0.113.45
    Search:   SSH brute force
    Events:   57
    Found in: src_ip, values(src)
    Received: 2026-11-20 13:00:00 UTC
    Alert id: al_fedcba9876543210fedcba9876543210
    Results:  https://splunk.example.com/app/search/@go?sid=scheduler__admin&x=%271%27

    What you can do
    ---------------
    If the address should not be blocked:

        portcullis unblock 203.0.113.45

    This lifts the block on every firewall and checks it there. Alerts can't block the address again during the grace period (24 hours unless policy: grace: says otherwise).

    If 203.0.113.45 is yours or a partner's: add it to the allow-list. Then it is never blocked.

        portcullis allow add 203.0.113.45 --reason "ours"

    --
    Decision de_0123456789abcdef0123456789abcdef, mode enforce, policy sha256:0123456789ab. Sent by Portcullis.
    "
  `);
});

test("a hold says until when, and what was not known", () => {
  const { text } = message(held);

  expect(text).toContain("ON HOLD: 203.0.113.45 (SSH brute force)\n");
  expect(text).toContain("Lapses:  2026-11-21 13:00:00 UTC, 24 hours after the decision\n");
  expect(text).toContain("AbuseIPDB:  Could not be asked: quota exhausted\n");
  expect(text).not.toContain("Firewalls");
});

test.each([blocked, held, observed, partlyBlocked])(
  "the HTML says all that the text says (case %#)",
  (about) => {
    const { text, html } = message(about);
    const shown = html
      .replaceAll(/<[^>]*>/g, " ")
      .replaceAll("&gt;", ">")
      .replaceAll("&#39;", "'")
      .replaceAll("&quot;", '"')
      .replaceAll("&amp;", "&")
      .toLowerCase();

    const words = text
      .toLowerCase()
      .split(/[\s()]+/)
      .map((word) => word.replace(/:$/, ""));

    expect(words.filter((word) => !/^[-*]*$/.test(word) && !shown.includes(word))).toEqual([]);
  },
);

describe("what became of the decision stands in subject and lead:", () => {
  const later = new Date(endsAt.getTime() + 1);
  const lifted = story({
    enforcements: [enforcement("edge-1", { state: "lifted" }), enforcement("edge-2", { state: "lifting" })],
  });
  const waiting = story({ enforcements: [enforcement("edge-1", { state: "requested", verifiedAt: null })] });

  test.each([
    [
      blocked,
      decidedAt,
      "Portcullis blocked 203.0.113.45 (SSH brute force)",
      "BLOCKED",
      "blocked on both firewalls until 2026-11-21 13:00:00 UTC",
    ],
    [
      story({ enforcements: [enforcement("edge-1")] }),
      decidedAt,
      "Portcullis blocked 203.0.113.45 (SSH brute force)",
      "BLOCKED",
      "blocked on the firewall until",
    ],
    [
      partlyBlocked,
      decidedAt,
      "Portcullis blocked 203.0.113.45 (SSH brute force)",
      "PARTLY BLOCKED",
      "blocked on 1 of 3 firewalls",
    ],
    [
      waiting,
      decidedAt,
      "Portcullis could not yet block 203.0.113.45 (SSH brute force)",
      "NOT BLOCKED YET",
      "no firewall has confirmed it: its packets may still pass",
    ],
    [
      story({ enforcements: [] }),
      decidedAt,
      "Portcullis could not yet block 203.0.113.45 (SSH brute force)",
      "NOT BLOCKED YET",
      "no firewall is configured",
    ],
    [
      observed,
      decidedAt,
      "Portcullis would block 203.0.113.45 (SSH brute force)",
      "WOULD BLOCK",
      "but did NOT: it runs in mode observe",
    ],
    [held, decidedAt, "Portcullis holds 203.0.113.45 (SSH brute force)", "ON HOLD", "It is NOT blocked."],
    [
      story({ decision: { action: "hold", holdCause: "approve", mode: "approve" }, block: null }),
      decidedAt,
      "Portcullis holds 203.0.113.45 (SSH brute force)",
      "ON HOLD",
      "in mode approve every block waits for a person",
    ],
    [
      blocked,
      later,
      "Portcullis blocked 203.0.113.45 (SSH brute force)",
      "BLOCK OVER",
      "This message was held up",
    ],
    [
      lifted,
      decidedAt,
      "Portcullis blocked and unblocked 203.0.113.45 (SSH brute force)",
      "UNBLOCKED",
      "somebody has lifted the block",
    ],
    [
      story({ alert: { searchName: null } }),
      decidedAt,
      "Portcullis blocked 203.0.113.45",
      "BLOCKED",
      "until",
    ],
  ])("case %#", (about, now, subject, verdict, lead) => {
    const { subject: shownSubject, text, html } = message(about, now);

    expect(shownSubject).toBe(subject);
    expect(text.startsWith(`${verdict}: 203.0.113.45`)).toBe(true);
    expect(text).toContain(lead);
    expect(html).toContain(lead);
  });
});

describe("each state on a firewall is told in words:", () => {
  test.each([
    ["verified", null, "Blocked. Verified in the kernel at 2026-11-20 13:00:00 UTC, 342 ms after the alert."],
    ["requested", null, "Not blocked yet: no answer so far. Portcullis keeps trying."],
    ["requested", "edge-1: handshake failed", "Not blocked yet: handshake failed. Portcullis keeps trying."],
    ["refused", "its own gateway", "Refused: its own gateway. It will not be blocked there."],
    ["failed", "not read back", "Failed: not read back."],
    ["lifting", null, "Being unblocked."],
    ["lifted", null, "Unblocked."],
    [
      "applied",
      "edge-1: another rule accepts them first",
      "In the kernel's list, but packets may still pass: another rule accepts them first. Portcullis keeps trying.",
    ],
    ["withdrawn", null, "Taken off again: it did not answer any more."],
    ["withdrawn", "its gateway is silent", "Taken off again: its gateway is silent."],
    ["expired", null, "Over."],
    ["expired", "replaced by bl_2", "Over: replaced by bl_2."],
  ] as const)("%s (%s)", (state, error, words) => {
    const about = story({ enforcements: [enforcement("edge-1", { state, error }), enforcement("edge-2")] });

    expect(message(about).text).toContain(`edge-1: ${words}\n`);
    expect(message(about).html).toContain(words.replaceAll("'", "&#39;"));
  });

  test("a hundred firewalls are counted, not listed", () => {
    const many = Array.from({ length: 100 }, (_, index) =>
      enforcement(`edge-${index}`, index < 90 ? {} : { state: "requested", verifiedAt: null }),
    );

    expect(message(story({ enforcements: many })).text).toContain(
      '60 more: 50 verified, 10 not; "portcullis status" shows them.',
    );
  });
});

describe("what to do:", () => {
  test.each([
    ["a block", blocked, "    portcullis unblock 203.0.113.45\n"],
    ["a block not in force", story({ enforcements: [] }), "    portcullis status\n"],
    ["observe", observed, "set MODE=enforce"],
    ["a hold", held, "the hold lapses at 2026-11-21 13:00:00 UTC and the address stays unblocked"],
    [
      "a hold in mode approve",
      story({ decision: { action: "hold", holdCause: "approve", mode: "approve" }, block: null }),
      "set MODE=enforce",
    ],
  ])("%s", (_what, about, words) => {
    expect(message(about).text.split("What you can do")[1]).toContain(words);
  });

  test("nobody is told to unblock what is not blocked", () => {
    for (const about of [held, observed]) {
      expect(message(about).text).not.toContain("portcullis unblock");
    }
  });
});

test("a provider that knows nothing and one that failed are told apart", () => {
  const about = { ip: attacker, foundAt: decidedAt, expiresAt: endsAt };
  const { text } = message(
    story({
      decision: {
        findings: [
          { ...about, provider: "virustotal", status: "unknown", reason: "never seen" },
          { ...about, provider: "abuseipdb", status: "failed", reason: "AbuseIPDB: quota exhausted" },
          {
            ...about,
            provider: "other",
            status: "known",
            evidence: { ...silent, numbers: {}, facts: [], link: "ftp://x" },
          },
        ],
      },
    }),
  );

  expect(text).toContain("VirusTotal: Does not know this address: never seen\n");
  expect(text).toContain("AbuseIPDB:  Could not be asked: quota exhausted\n");
  expect(text).toContain("other:      Known, without numbers\n\n");
});

test("an IPv6 address is shown as it is", () => {
  expect(message(story({ decision: { ip: ip("2001:db8::5") } })).subject).toContain("blocked 2001:db8::5 (");
});

test("nothing is loaded from anywhere", () => {
  const { html } = message(blocked);

  expect(html).not.toMatch(/<(?:img|link|script|iframe|object|embed|form|base)|url\(|@import|src=/i);
});

test("what the author of the alert has written for people stands with it, in text and HTML", () => {
  const settings = { fields: null, severity: null, mode: null, note: "Honeypot. Ask <Anna>." };
  const { text, html } = message(story({ alert: { settings } }));

  expect(text).toMatch(/^Search: +SSH brute force\nNote: +Honeypot\. Ask <Anna>\.$/m);
  expect(html).toContain("Honeypot. Ask &lt;Anna&gt;.");
});
