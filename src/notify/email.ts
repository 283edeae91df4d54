import { hash } from "node:crypto";
import { isIP } from "node:net";
import { createTransport } from "nodemailer";
import type { MailConfig } from "../config/config.ts";
import { AppError, messageOf } from "../domain/errors.ts";
import type { News, Notifier } from "../ports.ts";
import { cleanText } from "../domain/clean-text.ts";
import { createMessage } from "./message.ts";

export interface EmailDeps {
  /** PEM of authorities to trust instead of the system's. */
  readonly ca?: string;
  readonly now?: () => Date;
  /** Names of the firewalls that get new blocks before the others. */
  readonly canaries?: readonly string[];
  /** Default is 50 seconds: less than the lease of a notification, so that nobody else sends it at the same time. */
  readonly timeoutMs?: number;
}

type Transporter = ReturnType<typeof createTransporter>;

/**
 * Mails to the administrators. A mail about one decision or alarm always has the same Message-ID, and all about one address, or one
 * kind of trouble, belong to one thread.
 * @throws {AppError} CONFIG_INVALID when an address or the TLS setting could do what nobody meant
 */
export function createEmailNotifier(config: MailConfig, deps: EmailDeps = {}): Notifier {
  checkConfig(config);
  const transporter = createTransporter(config, deps.ca);
  /** Who has got a mail that others refused for now. Lost at a restart: then they get it again, with the same Message-ID. */
  const served = new Map<string, ReadonlySet<string>>();

  async function sendOne(news: News, signal: AbortSignal): Promise<void> {
    const id = idOf(news);
    const done = served.get(id) ?? new Set();
    const to = config.to.filter((address) => !done.has(address));
    const outcome = await attempt({ config, transporter, deps }, news, to, signal);
    if (outcome.error?.retryable === true) {
      served.set(id, new Set([...done, ...outcome.accepted]));
    } else {
      served.delete(id);
    }
    if (outcome.error !== undefined) {
      throw outcome.error;
    }
  }

  return {
    channel: "email",
    // Four at the same time, so that one slow delivery does not hold up the others, and few enough for any mail server.
    pace: { batch: 1, atOnce: 4, firstRetryMs: 30_000, longestRetryMs: 3_600_000 },
    async send(batch, signal) {
      for (const news of batch) {
        await sendOne(news, signal);
      }
      return batch.map(() => null);
    },
    close() {
      transporter.close();
      return Promise.resolve();
    },
  };
}

/** Never a list, a name or a header: what could be read as two addresses is refused. */
const bareAddress = /^[\w!#$%&'*+/=?^`{|}~.-]{1,64}@[\w.-]{1,253}$/;

function checkConfig({ server, tls, from, to }: MailConfig): void {
  if (![from, ...to].every((address) => bareAddress.test(address)) || to.length === 0) {
    throw new AppError("CONFIG_INVALID", "MAIL_FROM, ADMIN_EMAIL: expected bare mail addresses", {
      retryable: false,
    });
  }
  if (tls === "none" && server !== "localhost" && server !== "::1" && !/^127\.[\d.]+$/.test(server)) {
    throw new AppError("CONFIG_INVALID", "SMTP_TLS: none is allowed only to loopback", { retryable: false });
  }
}

/**
 * One connection per mail: mails are rare, a connection kept in between is one the server has closed by then, and the
 * queue of nodemailer's pool would be a second outbox, in memory.
 */
function createTransporter({ server, port, tls, user, password }: MailConfig, ca: string | undefined) {
  return createTransport({
    host: server,
    port,
    secure: tls === "tls",
    // Without it STARTTLS is used only when offered, and whoever sits in between can take the offer away.
    requireTLS: tls === "starttls",
    ignoreTLS: tls === "none",
    tls: {
      minVersion: "TLSv1.2",
      ...(isIP(server) === 0 ? { servername: server } : {}),
      ...(ca === undefined ? {} : { ca }),
    },
    ...(user === null || password === null ? {} : { auth: { user, pass: password } }),
    dnsTimeout: 10_000,
    connectionTimeout: 10_000,
    greetingTimeout: 10_000,
    socketTimeout: 30_000,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

interface Edge {
  readonly config: MailConfig;
  readonly transporter: Transporter;
  readonly deps: EmailDeps;
}

interface Attempt {
  readonly accepted: readonly string[];
  readonly error: AppError | undefined;
}

async function attempt(
  { config, transporter, deps }: Edge,
  news: News,
  to: readonly string[],
  signal: AbortSignal,
): Promise<Attempt> {
  const { subject, text, html } = createMessage(news, deps.now?.() ?? new Date(), deps.canaries);
  const domain = config.from.slice(config.from.indexOf("@") + 1);
  const root = threadRoot(news, domain);
  try {
    const { accepted, rejected, rejectedErrors } = await transporter.sendMail({
      from: { name: "Portcullis", address: config.from },
      // Objects, never text: text is read as a list of addresses.
      to: config.to.map((address) => ({ name: "", address })),
      envelope: { from: config.from, to: [...to] },
      subject,
      text,
      html,
      messageId: `<${idOf(news)}@${domain}>`,
      inReplyTo: root,
      references: [root],
      headers: { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All" },
      signal: AbortSignal.any([signal, AbortSignal.timeout(deps.timeoutMs ?? 50_000)]),
    });
    return rejected.length === 0
      ? { accepted, error: undefined }
      : { accepted, error: someRefused(config, rejected, rejectedErrors ?? []) };
  } catch (error) {
    return { accepted: [], error: undelivered(config, error) };
  }
}

function idOf(news: News): string {
  return news.kind === "decision" ? news.story.decision.id : news.alarm.id;
}

/** One thread per address or kind of trouble: every mail about it refers to this id, which no mail has. */
function threadRoot(news: News, domain: string): string {
  const about =
    news.kind === "decision"
      ? `address-${news.story.decision.ip.replaceAll(":", "-")}`
      : // A key may hold anything.
        `alarm-${hash("sha256", news.alarm.key, "hex").slice(0, 32)}`;
  return `<${about}@${domain}>`;
}

function someRefused(config: MailConfig, rejected: readonly string[], errors: readonly Error[]): AppError {
  const retryable = errors.some((error) => !isFinal(error));
  const reasons = errors.map(({ message }) => message).join("; ");
  return new AppError(
    "MAIL_UNDELIVERED",
    `${nameOf(config)}: refused for ${rejected.join(", ")}: ${shown(reasons, config)}`,
    { retryable },
  );
}

function undelivered(config: MailConfig, error: unknown): AppError {
  const isAborted = error instanceof Error && "code" in error && error.code === "EABORT";
  const reason = isAborted ? "given up before the server confirmed the mail" : messageOf(error);
  return new AppError("MAIL_UNDELIVERED", `${nameOf(config)}: ${shown(reason, config)}`, {
    retryable: !isFinal(error),
    cause: error,
  });
}

/**
 * True when the server refuses this mail for good. A refused login, or a server that lost its STARTTLS, says 5xx too, but
 * about our settings: somebody mends those, and then the mail goes out.
 */
function isFinal(error: unknown): boolean {
  if (!(error instanceof Error) || !("permanent" in error) || !("code" in error)) {
    return false;
  }
  return error.permanent === true && (error.code === "EENVELOPE" || error.code === "EMESSAGE");
}

function nameOf({ server, port }: MailConfig): string {
  return `${server.includes(":") ? `[${server}]` : server}:${port}`;
}

function shown(text: string, { password }: MailConfig): string {
  const safe = password === null ? text : text.replaceAll(password, "***");
  return cleanText(safe, 500);
}
