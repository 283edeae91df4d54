import { describe, expect, test } from "vitest";
import { holdCauses } from "../../src/domain/decision.ts";
import { createMessage } from "../../src/notify/message.ts";
import type { Alarm } from "../../src/ports.ts";
import { alarm, decidedAt, endsAt, held, silent, story, tell } from "./notify-stories.ts";

const message = (change: Partial<Alarm> = {}) =>
  createMessage({ kind: "alarm", alarm: alarm(change) }, decidedAt);

test("an alarm says what is wrong, since when, and what to do", () => {
  expect(message().text).toMatchInlineSnapshot(`
    "ALARM: VirusTotal refuses the key

    This began at 2026-11-20 13:00:00 UTC and goes on. No other message comes about it until it is over.

    Since when
    ----------
    Began: 2026-11-20 13:00:00 UTC
    Over:  not yet

    What you can do
    ---------------
    Put a valid key into VIRUSTOTAL_API_KEY and restart Portcullis.

    How Portcullis is doing:

        portcullis status

    --
    Alarm ar_0123456789abcdef0123456789abcdef. Sent by Portcullis.
    "
  `);
});

test("one that was over before it could be told says so", () => {
  const { subject, text, html } = message({ endedAt: endsAt });

  expect(subject).toBe("Portcullis alarm, over by now: VirusTotal refuses the key");
  expect(text).toMatch(/^ALARM OVER: VirusTotal refuses the key\n/);
  expect(text).toContain("was over at 2026-11-21 13:00:00 UTC, before this message could be sent");
  expect(text).toContain("Nothing now. Should it come back: Put a valid key into VIRUSTOTAL_API_KEY");
  expect(html).toContain("before this message could be sent");
});

test("hostile text never becomes markup or a header, and is cut", () => {
  const evil = `<script>x</script>\r\nBcc: a@example.com\u202e${"A".repeat(100_000)}`;

  const { subject, text, html } = message({ id: evil, key: evil, message: evil, advice: evil });

  expect(subject).not.toMatch(/[\r\n\u202e]/);
  expect(subject.length).toBeLessThan(200);
  expect(text).not.toMatch(/\nBcc|\u202e/);
  expect(text.length).toBeLessThan(3000);
  expect(html).not.toContain("<script");
  expect(html).toContain("&lt;script&gt;");
});

describe("a hold says why a person is asked, and how to answer:", () => {
  test.each(holdCauses)("%s", (holdCause) => {
    const { text } = createMessage(tell({ ...held, decision: { ...held.decision, holdCause } }), decidedAt);
    const others = holdCauses.filter((cause) => cause !== holdCause);

    expect(text).toContain("NOT blocked");
    expect(text).toContain("    portcullis approve de_0123456789abcdef0123456789abcdef\n");
    const leadOf = (cause: (typeof holdCauses)[number]) =>
      createMessage(
        tell({ ...held, decision: { ...held.decision, holdCause: cause } }),
        decidedAt,
      ).text.split("\n")[2];
    expect(others.map(leadOf)).not.toContain(leadOf(holdCause));
  });
});

test("a finding that is used although it is out of date is marked", () => {
  const [finding] = held.decision.findings;
  const about = { provider: "virustotal", ip: held.decision.ip, foundAt: decidedAt, expiresAt: endsAt };
  const evidence = { ...silent, numbers: { malicious: 8 }, facts: [], link: "" };
  const stale = { ...about, status: "known", evidence, isStale: true } as const;

  const told = (findings: typeof held.decision.findings) =>
    createMessage(tell(story({ decision: { findings } })), decidedAt).text;
  expect(told([stale])).toContain("Out of date: found 2026-11-20 13:00:00 UTC\n");
  expect(told(finding === undefined ? [] : [finding])).not.toContain("Out of date");
});
