import { readFileSync } from "node:fs";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import PostalMime, { type Email } from "postal-mime";
import { SMTPServer, type SMTPServerSession } from "smtp-server";

/** One mail as the server took it. */
interface ReceivedMail {
  readonly envelope: { readonly from: string; readonly to: readonly string[] };
  readonly mail: Email;
  /** As it came over the wire. */
  readonly raw: string;
  /** Came over TLS. */
  readonly secure: boolean;
  /** Who had logged in. */
  readonly user: string | null;
}

/**
 * What the server does wrong once. `reply`: answers this command with a code and a text, e.g. 550 (refused), 451 (try
 * later, as greylisting does), and RCPT only for `recipient` when that is given. `hang`: never answers the command.
 * `drop`: takes the whole message and cuts the connection instead of confirming.
 */
type SmtpFault =
  | {
      readonly kind: "reply";
      readonly at: "connect" | "mail" | "rcpt" | "data";
      readonly code: number;
      readonly text: string;
      readonly recipient?: string;
    }
  | { readonly kind: "hang"; readonly at: "connect" | "mail" | "rcpt" | "data" }
  | { readonly kind: "drop" };

type Place = "connect" | "mail" | "rcpt" | "data";

export interface SmtpOptions {
  /** Default is a free one. */
  readonly port?: number;
  /** Default is `starttls`, with the certificate of `smtpCertificate`. */
  readonly tls?: "starttls" | "tls" | "none";
  /** Only this login may send. Default: anybody may, without one. */
  readonly login?: { readonly user: string; readonly password: string };
}

export interface SmtpServer {
  readonly host: "127.0.0.1";
  readonly port: number;
  /** Confirmed ones, oldest first. */
  readonly messages: readonly ReceivedMail[];
  /** All that were transmitted completely, confirmed or not. */
  readonly transmitted: readonly ReceivedMail[];
  /** Connections since the start. */
  readonly connections: number;
  /** The first message for which this is true, whether it has come or is still to come. Rejects after the deadline. */
  waitForMessage(predicate: (message: ReceivedMail) => boolean, deadlineMs: number): Promise<ReceivedMail>;
  /** @param times how often; default is once */
  failNext(fault: SmtpFault, times?: number): void;
  /** Cuts every connection. Harmless when called twice. */
  stop(): Promise<void>;
}

const tlsFixture = (name: string): string =>
  readFileSync(join(import.meta.dirname, "../fixtures/tls", name), "utf8");

/** PEM of the self-signed certificate that the server shows; a client that trusts it can check it. */
export const smtpCertificate = tlsFixture("localhost.crt");

/** A real SMTP server on loopback that keeps what it gets. */
export async function startSmtp(options: SmtpOptions = {}): Promise<SmtpServer> {
  const { tls = "starttls", login } = options;
  const messages: ReceivedMail[] = [];
  const transmitted: ReceivedMail[] = [];
  const waiting = new Set<(message: ReceivedMail) => void>();
  const faults = createFaults();
  const sockets = new Map<number, Socket>();
  let connections = 0;

  const keep = (message: ReceivedMail): void => {
    messages.push(message);
    waiting.forEach((tell) => {
      tell(message);
    });
  };
  const server = new SMTPServer({
    secure: tls === "tls",
    key: tlsFixture("localhost.key"),
    cert: smtpCertificate,
    hideSTARTTLS: tls !== "starttls",
    disabledCommands: [...(tls === "starttls" ? [] : ["STARTTLS"]), ...(login === undefined ? ["AUTH"] : [])],
    authOptional: login === undefined,
    allowInsecureAuth: tls === "none",
    disableReverseLookup: true,
    onConnect: (_session, answer) => {
      connections += 1;
      faults.meet("connect", answer);
    },
    onAuth: ({ username, password }, _session, answer) => {
      if (username === login?.user && password === login?.password) {
        answer(null, { user: username });
      } else {
        answer(replyOf(535, "5.7.8 Authentication failed"));
      }
    },
    onMailFrom: (_address, _session, answer) => {
      faults.meet("mail", answer);
    },
    onRcptTo: ({ address }, _session, answer) => {
      faults.meet("rcpt", answer, address);
    },
    onData: (stream, session, answer) => {
      const confirm = async (): Promise<void> => {
        const message = await received(await buffer(stream), session);
        transmitted.push(message);
        if (faults.takeDrop()) {
          sockets.get(session.remotePort)?.destroy();
          return;
        }
        faults.meet("data", (error) => {
          if (error === undefined) {
            keep(message);
          }
          answer(error);
        });
      };
      confirm().catch(answer);
    },
  });
  // A client that goes away in the middle is part of what is tested.
  server.on("error", () => undefined);
  server.server.on("connection", (socket) => {
    const port = socket.remotePort ?? 0;
    sockets.set(port, socket);
    socket.on("close", () => sockets.delete(port));
  });
  const port = await listen(server, options.port ?? 0);

  return {
    host: "127.0.0.1",
    port,
    messages,
    transmitted,
    get connections() {
      return connections;
    },
    waitForMessage: (predicate, deadlineMs) => waitFor(messages, waiting, predicate, deadlineMs),
    failNext(fault, times) {
      faults.add(fault, times);
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve);
        for (const socket of sockets.values()) {
          socket.destroy();
        }
      }),
  };
}

function createFaults() {
  const faults: SmtpFault[] = [];
  const take = (matches: (fault: SmtpFault) => boolean): SmtpFault | undefined => {
    const index = faults.findIndex(matches);
    return index === -1 ? undefined : faults.splice(index, 1)[0];
  };
  return {
    add(fault: SmtpFault, times = 1): void {
      faults.push(...Array.from({ length: times }, () => fault));
    },
    takeDrop: (): boolean => take(({ kind }) => kind === "drop") !== undefined,
    /** Answers a command as the next fault says, or well. */
    meet(place: Place, answer: (error?: Error) => void, recipient?: string): void {
      const fault = take(
        (fault) =>
          fault.kind !== "drop" &&
          fault.at === place &&
          (fault.kind === "hang" || fault.recipient === undefined || fault.recipient === recipient),
      );
      if (fault === undefined) {
        answer();
      } else if (fault.kind === "reply") {
        answer(replyOf(fault.code, fault.text));
      }
    },
  };
}

function replyOf(code: number, text: string): Error {
  return Object.assign(new Error(text), { responseCode: code });
}

async function received(bytes: Buffer, session: SMTPServerSession): Promise<ReceivedMail> {
  const { mailFrom, rcptTo } = session.envelope;
  return {
    envelope: { from: mailFrom === false ? "" : mailFrom.address, to: rcptTo.map(({ address }) => address) },
    mail: await PostalMime.parse(bytes),
    raw: bytes.toString("latin1"),
    secure: session.secure,
    user: typeof session.user === "string" ? session.user : null,
  };
}

function listen(server: SMTPServer, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address: AddressInfo | string | null = server.server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

function waitFor(
  messages: readonly ReceivedMail[],
  waiting: Set<(message: ReceivedMail) => void>,
  predicate: (message: ReceivedMail) => boolean,
  deadlineMs: number,
): Promise<ReceivedMail> {
  const there = messages.find(predicate);
  if (there !== undefined) {
    return Promise.resolve(there);
  }
  return new Promise((resolve, reject) => {
    const tell = (message: ReceivedMail): void => {
      if (predicate(message)) {
        clearTimeout(timer);
        waiting.delete(tell);
        resolve(message);
      }
    };
    const timer = setTimeout(() => {
      waiting.delete(tell);
      reject(new Error(`no such mail within ${deadlineMs} ms; ${messages.length} others came`));
    }, deadlineMs);
    waiting.add(tell);
  });
}
