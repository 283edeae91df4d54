import type { FirewallConfig } from "../../config/config.ts";
import { AppError } from "../../domain/errors.ts";
import type { IpPrefix } from "../../domain/ip-address.ts";
import type { Log } from "../../ports.ts";
import { wholeFault } from "./answers.ts";
import { type Connection, connect } from "./connect.ts";
import { type RunOptions, type ScriptRun, startScript } from "./script-run.ts";

export interface ScriptLinkOptions {
  readonly config: FirewallConfig;
  readonly log: Log;
  readonly neverBlock: () => readonly IpPrefix[];
  readonly connectMs: number;
  readonly silenceMs: number;
}

export interface Request {
  readonly lines: readonly string[];
  /** Takes a run of its own that reads everything at once: an open session reads byte by byte. */
  readonly isLarge: boolean;
}

/** The way to the script on one host. The connection and one session stay open between requests. */
export interface ScriptLink {
  /** The lines of the answer. Any failure ends the connection, so that the next request starts from a clean state. */
  ask(request: Request, signal: AbortSignal): Promise<readonly string[]>;
  close(): void;
}

/** A link that connects when it is first asked. */
export function createScriptLink(options: ScriptLinkOptions): ScriptLink {
  const { config, log, silenceMs, connectMs } = options;
  let connection: Connection | undefined;
  let session: ScriptRun | undefined;
  let sentNevers = "";

  const close = (): void => {
    connection?.destroy();
    connection = undefined;
    session = undefined;
  };
  const openConnection = async (signal: AbortSignal): Promise<Connection> => {
    if (connection?.isOpen() !== true) {
      close();
      connection = await connect({ config, log, timeoutMs: connectMs }, signal);
    }
    return connection;
  };
  const askSession = async (run: Omit<RunOptions, "mode">, request: Request): Promise<readonly string[]> => {
    if (session?.isOpen() !== true) {
      session = await startScript({ ...run, mode: "session" });
      sentNevers = "";
    }
    const nevers = neverLines(options.neverBlock());
    const isNews = nevers.join() !== sentNevers;
    const answer = await session.ask(isNews ? [...nevers, ...request.lines] : request.lines);
    sentNevers = nevers.join();
    return answer;
  };
  const askBatch = async (run: Omit<RunOptions, "mode">, request: Request): Promise<readonly string[]> => {
    const batch = await startScript({ ...run, mode: "batch" });
    return batch.ask([...neverLines(options.neverBlock()), ...request.lines]);
  };

  return {
    async ask(request, signal) {
      signal.addEventListener("abort", close, { once: true });
      try {
        const run = { config, connection: await openConnection(signal), silenceMs };
        const answer = await (request.isLarge ? askBatch(run, request) : askSession(run, request));
        throwFault(config, answer);
        return answer;
      } catch (error) {
        close();
        throw error;
      } finally {
        signal.removeEventListener("abort", close);
      }
    },
    close,
  };
}

function neverLines(nevers: readonly IpPrefix[]): readonly string[] {
  return ["forget", ...nevers.map((prefix) => `never ${prefix}`)];
}

function throwFault({ name, host, port }: FirewallConfig, answer: readonly string[]): void {
  const fault = wholeFault(answer);
  if (fault !== undefined) {
    throw new AppError("FIREWALL_COMMAND_FAILED", `${name} (${host}:${port}): ${fault}`, { retryable: true });
  }
}
