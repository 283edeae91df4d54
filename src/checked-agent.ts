import { Agent } from "node:https";
import { isIP, Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import type { AppError } from "./domain/errors.ts";

/** One of Splunk's ports, and how its faults are told. */
export interface SplunkEndpoint {
  readonly host: string;
  readonly port: number;
  /** Makes an error of words like `can't be reached (ECONNREFUSED)`, which go on after the name of the place. */
  readonly fault: (what: string) => AppError;
  readonly advice: EndpointAdvice;
  /** PEM text; null: the usual CAs. */
  readonly ca: string | null;
  /** 64 hex digits in lower case; null: the certificate must be signed by a CA and name the host. */
  readonly certSha256: string | null;
  readonly handshakeMs: number;
  /** After this time a connection without a request is closed: Splunk does so after 12 s, perhaps just when the next one is sent. */
  readonly idleMs: number;
}

/** What to look at when something is wrong, by settings. */
export interface EndpointAdvice {
  /** Names of the settings. */
  readonly certSha256: string;
  readonly ca: string;
  /** Sentences without their full stop. */
  readonly unknownHost: string;
  readonly noTls: string;
  readonly notReached: string;
}

/** More at once would keep Splunk from its own work. */
const mostConnections = 6;

/**
 * Connections to Splunk that are kept open. Each is handed out only after its certificate was checked, so that nothing of a request,
 * and no secret, is sent to anybody else. TLS sessions are not resumed: every connection shows its certificate.
 */
export function createSplunkAgent(endpoint: SplunkEndpoint): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: mostConnections, timeout: endpoint.idleMs });
  agent.createConnection = (_options, callback) => {
    connectChecked(endpoint, (error, socket) => {
      // Beside an error Node wants no socket; its types do.
      callback?.(error, socket ?? new Socket());
    });
    return undefined;
  };
  return agent;
}

/** @param done gets a socket that may be used, or what `fault` makes; called once */
function connectChecked(
  endpoint: SplunkEndpoint,
  done: (error: AppError | null, socket: TLSSocket | null) => void,
): void {
  const { host, port, ca, handshakeMs, fault } = endpoint;
  const socket = connect({
    host,
    port,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === null ? {} : { ca }),
    minVersion: "TLSv1.2",
    // Judged by `certificateFault` before the socket is used: a handshake that fails here would not tell which certificate was shown.
    rejectUnauthorized: false,
  });
  const release = (): void => {
    clearTimeout(timer);
    socket.off("error", onError).off("close", onClose);
  };
  const refuse = (error: AppError): void => {
    release();
    socket.on("error", () => undefined).destroy();
    done(error, null);
  };
  const onError = (error: NodeJS.ErrnoException): void => {
    refuse(fault(describe(error, endpoint.advice)));
  };
  const onClose = (): void => {
    refuse(fault("closed the connection before it had shown a certificate"));
  };
  const timer = setTimeout(() => {
    refuse(fault(`did not shake hands within ${handshakeMs / 1000} s`));
  }, handshakeMs);
  socket.once("error", onError).once("close", onClose);
  socket.once("secureConnect", () => {
    const wrong = certificateFault(socket, endpoint);
    if (wrong === null) {
      release();
      done(null, socket);
    } else {
      refuse(fault(wrong));
    }
  });
}

function certificateFault(
  socket: TLSSocket,
  { certSha256, advice }: Pick<SplunkEndpoint, "certSha256" | "advice">,
): string | null {
  const offered = socket.getPeerX509Certificate()?.fingerprint256 ?? "none";
  if (certSha256 === null) {
    return socket.authorized ? null : untrusted(String(socket.authorizationError), offered, advice);
  }
  return offered.replaceAll(":", "").toLowerCase() === certSha256
    ? null
    : `shows another certificate than ${advice.certSha256} names: ${offered}. Nothing was sent to it. If Splunk has a new certificate, ${compare}, and set ${advice.certSha256} to it`;
}

const compare =
  'compare this with "openssl x509 -noout -fingerprint -sha256 -in $SPLUNK_HOME/etc/auth/server.pem" on Splunk\'s host';

function untrusted(reason: string, offered: string, { certSha256, ca }: EndpointAdvice): string {
  const why =
    reason === "ERR_TLS_CERT_ALTNAME_INVALID"
      ? "does not name this host, as the one that Splunk makes for itself never does"
      : `is not trusted (${reason})`;
  return `shows a certificate that ${why}. Nothing was sent to it. Its fingerprint is ${offered}: ${compare}, and set ${certSha256} to it; or set ${ca} to the CA of a certificate with the host's name`;
}

function describe(error: NodeJS.ErrnoException, advice: EndpointAdvice): string {
  const { code = "connection failed" } = error;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return `can't be reached: its name can't be resolved (${code}). ${advice.unknownHost}`;
  }
  return code.startsWith("ERR_SSL") || code === "EPROTO"
    ? `does not speak TLS (${code}). ${advice.noTls}`
    : `can't be reached (${code}). ${advice.notReached}`;
}
