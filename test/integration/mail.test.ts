import { describe, expect, test } from "vitest";
import { alarm, blocked, held, ip, story, tell } from "../unit/notify-stories.ts";
import { createMailDesk, patience } from "./mail-desk.ts";

const { restart, notifier, smtp } = createMailDesk();

const stringContaining = (text: string): unknown => expect.stringContaining(text);
const stringMatching = (form: RegExp): unknown => expect.stringMatching(form);
const both = { to: ["soc@example.com", "boss@example.com"] };

describe("a mail", () => {
  test("goes over TLS, with text and HTML, as an automatic message of one thread per address", async () => {
    await notifier(both).send([tell(blocked)], patience());

    const [received] = smtp().messages;
    const header = (key: string) => received?.mail.headers.find((one) => one.key === key)?.value;
    expect(received).toMatchObject({
      secure: true,
      envelope: { from: "portcullis@example.com", to: both.to },
      mail: {
        subject: "Portcullis blocked 203.0.113.45 (SSH brute force)",
        from: { name: "Portcullis", address: "portcullis@example.com" },
        to: both.to.map((address) => ({ address })),
        messageId: "<de_0123456789abcdef0123456789abcdef@example.com>",
        inReplyTo: "<address-203.0.113.45@example.com>",
        references: "<address-203.0.113.45@example.com>",
      },
    });
    expect(received?.mail.text).toContain("BLOCKED: 203.0.113.45");
    expect(received?.mail.html).toContain("<h1");
    expect(received?.mail.attachments).toEqual([]);
    expect(header("auto-submitted")).toBe("auto-generated");
    expect(header("x-auto-response-suppress")).toBe("All");
  });

  test("of another decision about the same address belongs to the same thread", async () => {
    await notifier().send([tell(blocked)], patience());
    await notifier().send([tell(story({ decision: { ...held.decision, id: "de_2" } }))], patience());

    const [first, second] = smtp().messages.map(({ mail }) => mail);
    expect(second?.references).toBe(first?.references);
    expect(second?.messageId).not.toBe(first?.messageId);
  });

  test("about an IPv6 address has ids that mail programs can read", async () => {
    await notifier().send([tell(story({ decision: { ip: ip("2001:db8::5") } }))], patience());

    expect(smtp().messages[0]?.mail.references).toBe("<address-2001-db8--5@example.com>");
  });

  test("with text that tries to be headers or recipients has no others than it should", async () => {
    const evil =
      "x\r\nBcc: <c@example.com>\r\nRCPT TO:<c@example.com>\r\n\r\n.\r\nMAIL FROM:<c@example.com>\r\n";
    const about = story({
      alert: { searchName: evil, resultsLink: evil },
      decision: { id: `de_1>${evil}`, reasons: [evil], rule: evil },
      sighting: { fields: [evil] },
    });

    await notifier().send([tell(about)], patience());

    expect(smtp().transmitted).toHaveLength(1);
    const [received] = smtp().messages;
    expect(received?.envelope).toEqual({ from: "portcullis@example.com", to: ["soc@example.com"] });
    expect(received?.mail.bcc ?? []).toEqual([]);
    expect(received?.raw.split("\r\n\r\n")[0]).not.toMatch(/^(?:bcc|rcpt|mail from)/im);
    expect(received?.mail.subject).toBe(
      "Portcullis blocked 203.0.113.45 (x Bcc: <c@example.com> RCPT TO:<c@example.com> . MAIL FROM:<c@example.com>)",
    );
  });
});

describe("a mail about an alarm", () => {
  const sent = async (change: Parameters<typeof alarm>[0] = {}) => {
    await notifier().send([{ kind: "alarm", alarm: alarm(change) }], patience());
    return smtp().messages.at(-1)?.mail;
  };

  test("says what is wrong, since when and what to do, under an id of its own", async () => {
    const mail = await sent();

    expect(mail).toMatchObject({
      subject: "Portcullis alarm: VirusTotal refuses the key",
      messageId: "<ar_0123456789abcdef0123456789abcdef@example.com>",
    });
    expect(mail?.text).toContain("This began at 2026-11-20 13:00:00 UTC and goes on.");
    expect(mail?.html).toContain("VIRUSTOTAL_API_KEY");
  });

  test("belongs to the thread of its kind of trouble, whatever the key holds", async () => {
    const first = await sent();
    const again = await sent({ id: "ar_2" });
    const other = await sent({ id: "ar_3", key: "limit>\r\nBcc: c@example.com" });

    expect(again?.references).toBe(first?.references);
    expect(other?.references).not.toBe(first?.references);
    expect(other?.references).toMatch(/^<alarm-[0-9a-f]{32}@example\.com>$/);
  });
});

describe("an address that could be read as two", () => {
  test.each([
    "b@example.com\r\nRCPT TO:<c@example.com>",
    "b@example.com, c@example.com",
    "b@example.com;c@example.com",
    "Soc <b@example.com>",
    "<b@example.com>",
    '"b@example.com, c"@example.com',
    "group: b@example.com, c@example.com;",
    "b@example.com c@example.com",
    "",
  ])("is refused before anything is sent: %j", (address) => {
    const expected: unknown = expect.objectContaining({ code: "CONFIG_INVALID" });

    expect(() => notifier({ to: [address] })).toThrow(expected);
    expect(() => notifier({ from: address })).toThrow(expected);
  });

  test("is not what nobody at all is", () => {
    expect(() => notifier({ to: [] })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  });
});

describe("without encryption", () => {
  test("nothing is sent to a server that no longer offers STARTTLS, not even the login", async () => {
    await restart({ tls: "none" });

    await expect(
      notifier({ user: "u", password: "hunter2" }).send([tell(blocked)], patience()),
    ).rejects.toMatchObject({
      code: "MAIL_UNDELIVERED",
      retryable: true,
      message: stringContaining("STARTTLS"),
    });
    expect(smtp().transmitted).toEqual([]);
  });

  test.each(["mail.example.com", "10.0.0.5", "128.0.0.1", "localhost.example.com", "127.0.0.1.example.com"])(
    "%s can't be used",
    (server) => {
      expect(() => notifier({ server, tls: "none" })).toThrow(
        expect.objectContaining({ code: "CONFIG_INVALID" }),
      );
    },
  );
});

test.each(["starttls", "tls"] as const)(
  "with %s, a server whose certificate nobody vouches for gets nothing",
  async (tls) => {
    await restart({ tls });
    const unknowing = notifier({ tls }, {});

    await expect(unknowing.send([tell(blocked)], patience())).rejects.toMatchObject({
      retryable: true,
      message: stringMatching(/^127\.0\.0\.1:\d+: self-signed certificate/),
    });
    expect(smtp().transmitted).toEqual([]);
  },
);

describe("a login", () => {
  const login = { user: "portcullis", password: "hunter2 hunter2" };

  test("that is right is used", async () => {
    await restart({ login });

    await notifier(login).send([tell(blocked)], patience());

    expect(smtp().messages[0]?.user).toBe("portcullis");
  });

  test("that is refused keeps the mail: the password can be mended, and is never shown", async () => {
    await restart({ login: { ...login, password: "another" } });

    await expect(notifier(login).send([tell(blocked)], patience())).rejects.toMatchObject({
      retryable: true,
      message: `127.0.0.1:${smtp().port}: Invalid login: 535 5.7.8 Authentication failed`,
    });
  });

  test("whose password the server repeats is not shown all the same", async () => {
    await restart({ login });
    smtp().failNext({ kind: "reply", at: "mail", code: 550, text: `no, ${login.password} is wrong` });

    await expect(notifier(login).send([tell(blocked)], patience())).rejects.toMatchObject({
      message: `127.0.0.1:${smtp().port}: Mail command failed: 550 no, *** is wrong`,
    });
  });
});
