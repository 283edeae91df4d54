import { afterEach, beforeEach } from "vitest";
import type { MailConfig } from "../../src/config/config.ts";
import { createEmailNotifier, type EmailDeps } from "../../src/notify/email.ts";
import type { Notifier } from "../../src/ports.ts";
import { type SmtpOptions, type SmtpServer, smtpCertificate, startSmtp } from "../fakes/smtp.ts";
import { decidedAt } from "../unit/notify-stories.ts";

/** A mail server and notifiers that send to it. */
export interface MailDesk {
  /** The server of this test. */
  readonly smtp: () => SmtpServer;
  /** Another one in its place. */
  readonly restart: (options: SmtpOptions) => Promise<void>;
  readonly notifier: (change?: Partial<MailConfig>, deps?: EmailDeps) => Notifier;
}

/** One server for each test of a file. */
export function createMailDesk(): MailDesk {
  let smtp: SmtpServer | undefined;
  const current = (): SmtpServer => {
    if (smtp === undefined) {
      throw new Error("no test is running");
    }
    return smtp;
  };
  beforeEach(async () => {
    smtp = await startSmtp();
  });
  afterEach(() => smtp?.stop());
  return {
    smtp: current,
    async restart(options) {
      await current().stop();
      smtp = await startSmtp(options);
    },
    notifier: (change = {}, deps = { ca: smtpCertificate }) =>
      createEmailNotifier(
        {
          server: "127.0.0.1",
          port: current().port,
          tls: "starttls",
          user: null,
          password: null,
          from: "portcullis@example.com",
          to: ["soc@example.com"],
          ...change,
        },
        // While the blocks of the sample stories stand.
        { now: () => decidedAt, ...deps },
      ),
  };
}

/** Long enough for a mail on loopback. */
export function patience(): AbortSignal {
  return AbortSignal.timeout(10_000);
}
