import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createEmailNotifier } from "../../src/notify/email.ts";
import type { Notifier } from "../../src/ports.ts";
import { type SmtpServer, smtpCertificate, startSmtp } from "../fakes/smtp.ts";
import { alarm, blocked, held, story, tell } from "../unit/notify-stories.ts";

/** What a notifier sends to, as its people see it. */
interface Channel {
  readonly notifier: Notifier;
  /** Identities of what arrived, oldest first. */
  arrived(): readonly string[];
  /** Where it sends to, as its errors name it. */
  readonly place: string;
  refuse(): void;
  deferOnce(): void;
  hang(): void;
  close(): Promise<void>;
}

async function openEmail(tls: "starttls" | "tls" | "none"): Promise<Channel> {
  const login = { user: "portcullis", password: "hunter2 hunter2" };
  const smtp: SmtpServer = await startSmtp({ tls, login });
  const notifier = createEmailNotifier(
    {
      server: "127.0.0.1",
      port: smtp.port,
      tls,
      ...login,
      from: "portcullis@example.com",
      to: ["soc@example.com"],
    },
    { ca: smtpCertificate },
  );
  return {
    notifier,
    arrived: () => smtp.messages.map(({ mail }) => mail.messageId ?? ""),
    place: `127.0.0.1:${smtp.port}`,
    refuse: () => {
      smtp.failNext({ kind: "reply", at: "data", code: 554, text: "5.7.1 we do not want this" });
    },
    deferOnce: () => {
      smtp.failNext({ kind: "reply", at: "rcpt", code: 451, text: "4.7.1 greylisted, come back later" });
    },
    hang: () => {
      smtp.failNext({ kind: "hang", at: "data" });
    },
    close: () => smtp.stop(),
  };
}

const implementations: Readonly<Record<string, () => Promise<Channel>>> = {
  "email with STARTTLS": () => openEmail("starttls"),
  "email with TLS": () => openEmail("tls"),
  "email to loopback without TLS": () => openEmail("none"),
};

const holding = (text: string): unknown => expect.stringContaining(text);
const patience = (): AbortSignal => AbortSignal.timeout(10_000);

describe.each(Object.entries(implementations))("notifier: %s", (_name, open) => {
  let channel: Channel;

  beforeEach(async () => {
    channel = await open();
  });

  afterEach(async () => {
    await channel.notifier.close();
    await channel.close();
  });

  test("what was sent has arrived when it resolves", async () => {
    await channel.notifier.send([tell(blocked)], patience());
    await channel.notifier.send([tell(held)], patience());

    expect(channel.arrived()).toHaveLength(2);
  });

  test("one decision has one identity, however often it is sent; another decision has another", async () => {
    await channel.notifier.send([tell(blocked)], patience());
    await channel.notifier.send([tell(blocked)], patience());
    await channel.notifier.send([tell(story({ decision: { id: "de_2" } }))], patience());

    const [first, second, third] = channel.arrived();
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  test("an alarm has one identity too, which no decision has", async () => {
    const news = { kind: "alarm", alarm: alarm() } as const;
    await channel.notifier.send([news], patience());
    await channel.notifier.send([news], patience());
    await channel.notifier.send([{ kind: "alarm", alarm: alarm({ id: "ar_2" }) }], patience());
    await channel.notifier.send([tell(blocked)], patience());

    const [first, second, ...others] = channel.arrived();
    expect(second).toBe(first);
    expect(new Set([first, ...others]).size).toBe(3);
  });

  test("what is refused for good is told as final", async () => {
    channel.refuse();

    await expect(channel.notifier.send([tell(blocked)], patience())).rejects.toMatchObject({
      code: "MAIL_UNDELIVERED",
      retryable: false,
      message: holding(channel.place),
    });
    expect(channel.arrived()).toEqual([]);
  });

  test("what is refused for now can be sent later", async () => {
    channel.deferOnce();

    await expect(channel.notifier.send([tell(blocked)], patience())).rejects.toMatchObject({
      code: "MAIL_UNDELIVERED",
      retryable: true,
    });
    await channel.notifier.send([tell(blocked)], patience());

    expect(channel.arrived()).toHaveLength(1);
  });

  test("a place that is down is told by name and can be tried again", async () => {
    await channel.close();

    await expect(channel.notifier.send([tell(blocked)], patience())).rejects.toMatchObject({
      code: "MAIL_UNDELIVERED",
      retryable: true,
      message: holding(channel.place),
    });
  });

  test("an aborted signal ends the sending", async () => {
    channel.hang();

    await expect(channel.notifier.send([tell(blocked)], AbortSignal.timeout(100))).rejects.toMatchObject({
      code: "MAIL_UNDELIVERED",
      retryable: true,
    });
  });

  test("no error holds a secret", async () => {
    await channel.close();
    const error: unknown = await channel.notifier
      .send([tell(blocked)], patience())
      .catch((thrown: unknown) => thrown);

    expect(String(error)).not.toContain("hunter2");
    expect(JSON.stringify(error)).not.toContain("hunter2");
  });

  test("closing twice does no harm", async () => {
    await channel.notifier.send([tell(blocked)], patience());

    await channel.notifier.close();

    await expect(channel.notifier.close()).resolves.toBeUndefined();
  });
});
