import type { FirewallConfig } from "../../config/config.ts";
import { AppError } from "../../domain/errors.ts";
import type { IpPrefix } from "../../domain/ip-address.ts";
import type { Log } from "../../ports.ts";
import { wholeFault } from "./answers.ts";
import { connect } from "./connect.ts";
import type { Connection } from "./log-in.ts";
import { placeOf } from "./place.ts";
import { type RunOptions, type ScriptRun, startScript } from "./script-run.ts";

export interface ScriptLinkOptions {
  readonly config: FirewallConfig;
  readonly log: Log;
  readonly neverBlock: () => readonly IpPrefix[];
  /** For the TCP connection, and again for handshake and login, of each hop. Default 10,000. */
  readonly connectMs?: number;
  /** For how long the host may stay silent while it works. Default 15,000. */
  readonly silenceMs?: number;
}

export interface Request {
  /** In the grammar of `portcullis-fw.sh`. */
  readonly lines: readonly string[];
  /** Takes a run of its own that reads everything at once: an open session reads byte by byte. */
  readonly isLarge: boolean;
}

/** The way to the script on one host. The connection and one session stay open between requests. */
export interface ScriptLink {
  /**
   * The lines of the answer. Any failure ends the connection, so that the next request starts from a clean state.
   * @throws {AppError} SSH_…, FIREWALL_TIMEOUT, FIREWALL_COMMAND_FAILED
   */
  readonly ask: (request: Request, signal: AbortSignal) => Promise<readonly string[]>;
  /** How the host drops packets, as it said when the script started: `sets`, `nft` or `rules`. Null before. */
  readonly backend: () => string | null;
  readonly close: () => void;
}

/** A host that works on many changes may be silent for so much longer for each. */
const silenceMsPerLine = 0.1;

type StartOptions = Pick<RunOptions, "mode" | "silenceMs">;

/** A link that connects when it is first asked. */
export function createScriptLink(options: ScriptLinkOptions): ScriptLink {
  const { config, neverBlock, silenceMs: usualMs = 15_000 } = options;
  const kept = keepConnection(options);
  let session: ScriptRun | undefined;
  let backend: string | null = null;
  let sentNevers = "";

  const close = (): void => {
    kept.close();
    session = undefined;
  };
  const start = async (run: StartOptions, signal: AbortSignal): Promise<ScriptRun> => {
    const isUsed = kept.isOpen();
    try {
      return await startScript({ config, connection: await kept.open(signal), ...run });
    } catch (error) {
      if (!isUsed || !isChannelRefused(error)) {
        throw error;
      }
      // The host allows fewer sessions on one connection than we have there.
      close();
      return startScript({ config, connection: await kept.open(signal), ...run });
    }
  };
  const askSession = async ({ lines }: Request, signal: AbortSignal) => {
    const isNew = session?.isOpen() !== true;
    if (session === undefined || isNew) {
      session = await start({ mode: "session", silenceMs: usualMs }, signal);
      backend = session.backend;
      sentNevers = "";
    }
    const nevers = neverBlock().map(neverLine);
    const isNews = nevers.join() !== sentNevers;
    sentNevers = nevers.join();
    const news = [...(isNew ? firstLines(config) : []), ...(isNews ? ["forget", ...nevers] : [])];
    return session.ask([...news, ...lines]);
  };
  const askBatch = async ({ lines }: Request, signal: AbortSignal) => {
    const silenceMs = usualMs + lines.length * silenceMsPerLine;
    const batch = await start({ mode: "batch", silenceMs }, signal);
    backend = batch.backend;
    return batch.ask([...firstLines(config), ...neverBlock().map(neverLine), ...lines]);
  };

  return {
    async ask(request, signal) {
      signal.addEventListener("abort", close, { once: true });
      try {
        const answer = await (request.isLarge ? askBatch : askSession)(request, signal);
        throwFault(config, answer);
        return answer;
      } catch (error) {
        close();
        throw error;
      } finally {
        signal.removeEventListener("abort", close);
      }
    },
    backend: () => backend,
    close,
  };
}

/** One connection that is made when it is needed, and again when it was lost. */
function keepConnection({ config, log, connectMs = 10_000 }: ScriptLinkOptions) {
  let connection: Connection | undefined;
  const close = (): void => {
    connection?.destroy();
    connection = undefined;
  };
  return {
    close,
    isOpen: () => connection?.isOpen() === true,
    async open(signal: AbortSignal): Promise<Connection> {
      if (connection?.isOpen() !== true) {
        close();
        connection = await connect({ config, log, timeoutMs: connectMs }, signal);
      }
      return connection;
    },
  };
}

/** What a run of the script does not do unless it is told. */
function firstLines({ blocksOutbound }: FirewallConfig): readonly string[] {
  return blocksOutbound ? ["outbound on"] : [];
}

function neverLine(prefix: IpPrefix): string {
  return `never ${prefix}`;
}

function isChannelRefused(error: unknown): boolean {
  return error instanceof AppError && error.cause instanceof Error && "reason" in error.cause;
}

function throwFault(config: FirewallConfig, answer: readonly string[]): void {
  const fault = wholeFault(answer);
  if (fault !== undefined) {
    throw new AppError("FIREWALL_COMMAND_FAILED", `${placeOf(config)}: ${fault}`, { retryable: true });
  }
}
