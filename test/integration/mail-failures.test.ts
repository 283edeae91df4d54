import { describe, expect, test } from "vitest";
import { smtpCertificate } from "../fakes/smtp.ts";
import { blocked, tell } from "../unit/notify-stories.ts";
import { createMailDesk, patience } from "./mail-desk.ts";

const { notifier, smtp } = createMailDesk();

const stringContaining = (text: string): unknown => expect.stringContaining(text);
const stringMatching = (form: RegExp): unknown => expect.stringMatching(form);
const both = { to: ["soc@example.com", "boss@example.com"] };

describe("of several recipients", () => {
  test("one refused for good is told, and the others have the mail", async () => {
    smtp().failNext({
      kind: "reply",
      at: "rcpt",
      code: 550,
      text: "5.1.1 unknown",
      recipient: "boss@example.com",
    });

    await expect(notifier(both).send([tell(blocked)], patience())).rejects.toMatchObject({
      code: "MAIL_UNDELIVERED",
      retryable: false,
      message: stringMatching(/^127\.0\.0\.1:\d+: refused for boss@example\.com: .*550 5\.1\.1 unknown/),
    });
    expect(smtp().messages.map(({ envelope }) => envelope.to)).toEqual([["soc@example.com"]]);
  });

  test("one refused for now gets the mail later, and the others no second one", async () => {
    smtp().failNext({
      kind: "reply",
      at: "rcpt",
      code: 451,
      text: "4.7.1 later",
      recipient: "boss@example.com",
    });
    const email = notifier(both);

    await expect(email.send([tell(blocked)], patience())).rejects.toMatchObject({ retryable: true });
    await email.send([tell(blocked)], patience());

    expect(smtp().messages.map(({ envelope }) => envelope.to)).toEqual([
      ["soc@example.com"],
      ["boss@example.com"],
    ]);
    expect(smtp().messages[1]?.mail.to).toHaveLength(2);
  });

  test("one has the mail, one is refused for good and one for now: trying again helps the last", async () => {
    smtp().failNext({ kind: "reply", at: "rcpt", code: 550, text: "unknown", recipient: "a@example.com" });
    smtp().failNext({ kind: "reply", at: "rcpt", code: 451, text: "later", recipient: "b@example.com" });
    const email = notifier({ to: ["a@example.com", "b@example.com", "c@example.com"] });

    await expect(email.send([tell(blocked)], patience())).rejects.toMatchObject({ retryable: true });
    smtp().failNext({ kind: "reply", at: "rcpt", code: 550, text: "unknown", recipient: "a@example.com" });
    await expect(email.send([tell(blocked)], patience())).rejects.toMatchObject({ retryable: false });

    expect(smtp().messages.map(({ envelope }) => envelope.to)).toEqual([
      ["c@example.com"],
      ["b@example.com"],
    ]);
  });

  test("one refused for good and one for now: trying again helps one of them", async () => {
    smtp().failNext({ kind: "reply", at: "rcpt", code: 550, text: "unknown", recipient: "soc@example.com" });
    smtp().failNext({ kind: "reply", at: "rcpt", code: 451, text: "later", recipient: "boss@example.com" });

    await expect(notifier(both).send([tell(blocked)], patience())).rejects.toMatchObject({ retryable: true });
  });
});

describe("what a server does wrong", () => {
  test.each([
    ["connect", 554, true],
    ["connect", 421, true],
    ["mail", 550, false],
    ["mail", 452, true],
    ["rcpt", 550, false],
    ["rcpt", 450, true],
    ["data", 552, false],
    ["data", 451, true],
  ] as const)("at %s with %i: worth another try is %s", async (at, code, retryable) => {
    smtp().failNext({ kind: "reply", at, code, text: "no" });

    await expect(notifier().send([tell(blocked)], patience())).rejects.toMatchObject({
      code: "MAIL_UNDELIVERED",
      retryable,
      message: stringContaining(String(code)),
    });
  });

  test("a connection that breaks before the confirmation leads to a repeat with the same Message-ID", async () => {
    smtp().failNext({ kind: "drop" });

    await expect(notifier().send([tell(blocked)], patience())).rejects.toMatchObject({ retryable: true });
    await notifier().send([tell(blocked)], patience());

    const ids = smtp().transmitted.map(({ mail }) => mail.messageId);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  test.each(["connect", "mail", "rcpt", "data"] as const)(
    "an answer to %s that never comes ends in time",
    async (at) => {
      smtp().failNext({ kind: "hang", at });
      const impatient = notifier({}, { ca: smtpCertificate, timeoutMs: 300 });

      await expect(impatient.send([tell(blocked)], patience())).rejects.toMatchObject({
        retryable: true,
        message: `127.0.0.1:${smtp().port}: given up before the server confirmed the mail`,
      });
    },
  );

  test("long and hostile words are cut and cleaned before anybody logs them", async () => {
    smtp().failNext({ kind: "reply", at: "mail", code: 550, text: `no\u001b[31m${"x".repeat(2000)}` });

    const error: unknown = await notifier()
      .send([tell(blocked)], patience())
      .catch((thrown: unknown) => thrown);

    expect(String(error).length).toBeLessThan(600);
    expect(String(error)).not.toContain("\u001b");
  });
});
