import { describe, expect, test } from "vitest";
import { createMessage } from "../../src/notify/message.ts";
import type { Story } from "../../src/ports.ts";
import { attacker, blocked, decidedAt, endsAt, enforcement, silent, story, tell } from "./notify-stories.ts";

const message = (about: Story) => createMessage(tell(about), decidedAt);

describe("hostile text", () => {
  const evil = `"><script>alert(1)</script><img src=http://evil.example/x onerror='x'>\r\nBcc: victim@example.com\u0000\u001b[31m\u202egnp.exe\u2066\u200b\u2028&amp;\ud800`;
  const long = `${"A".repeat(100_000)}<b>`;
  const hostile = (text: string): Story => {
    const about = { ip: attacker, foundAt: decidedAt, expiresAt: endsAt };
    return story({
      decision: {
        reasons: Array(50).fill(text),
        rule: text,
        actor: text,
        policyVersion: text,
        findings: [
          { ...about, provider: text, status: "unknown", reason: text },
          {
            ...about,
            provider: "virustotal",
            status: "known",
            evidence: {
              ...silent,
              numbers: { [text]: 1 },
              facts: Array.from({ length: 500 }, () => [text, text] as const),
              link: `javascript:${text}`,
            },
          },
        ],
      },
      alert: {
        searchName: text,
        resultsLink: `javascript:${text}`,
        id: "al_0",
        settings: { fields: null, severity: null, mode: null, note: text },
      },
      sighting: { fields: Array(500).fill(text) },
      enforcements: [enforcement(text, { state: "failed", error: text }), enforcement("edge-2")],
    });
  };

  test("never becomes markup, a header or a link", () => {
    const { subject, text, html } = message(hostile(evil));

    // oxlint-disable-next-line no-control-regex -- that there are none is what is tested
    const forbidden = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u200b\u202a-\u202e\u2066-\u2069]/;
    expect([subject, text, html].filter((part) => forbidden.test(part) || !part.isWellFormed())).toEqual([]);
    expect(subject).not.toContain("\n");
    expect(text).not.toContain("\nBcc:");
    expect(html).not.toMatch(/<script|<img|javascript:[^&]*"|onerror='/i);
    expect(html).toContain("&lt;script&gt;alert(1)&lt;/script&gt;");
    expect(html).toContain("&amp;amp;");
    expect([...html.matchAll(/href="([^"]*)"/g)]).toEqual([]);
  });

  test("has no tags or attributes beyond those of the message itself", () => {
    const tagsOf = (html: string) =>
      [...new Set(html.matchAll(/<\/?[a-z0-9]+|\s[a-z-]+="/g).map(([tag]) => tag.trim()))].sort();

    expect(
      tagsOf(message(hostile(evil)).html).filter((tag) => !tagsOf(message(blocked).html).includes(tag)),
    ).toEqual([]);
  });

  test("of 100 kB in every place is cut, and quickly", () => {
    const start = performance.now();

    const { subject, text, html } = message(hostile(long));

    expect(performance.now() - start).toBeLessThan(5000);
    expect(subject.length).toBeLessThan(150);
    expect(text.length).toBeLessThan(30_000);
    expect(html.length).toBeLessThan(60_000);
    expect(text).toContain("A … (cut)");
  });

  test.each([
    [
      'https://splunk.example.com/x?a=1&b="><script>',
      "https://splunk.example.com/x?a=1&amp;b=%22%3E%3Cscript%3E",
    ],
    ["http://splunk:8000/app", "http://splunk:8000/app"],
    ["HTTPS://splunk.example.com", "https://splunk.example.com/"],
  ])("%s as link to the results leads to %s", (resultsLink, href) => {
    expect(message(story({ alert: { resultsLink } })).html).toContain(`<a href="${href}"`);
  });

  test.each([
    "javascript:alert(1)",
    "data:text/html,x",
    "file:///etc/passwd",
    "//evil.example",
    "https://user:pw@splunk/",
    "https://",
    `https://x/${"a".repeat(3000)}`,
  ])("%.40s is no link to the results", (resultsLink) => {
    const { html, text } = message(story({ alert: { resultsLink } }));

    expect(html).not.toContain("Results");
    expect(text).not.toContain("Results");
  });
});
