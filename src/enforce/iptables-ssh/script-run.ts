import { hash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { ClientChannel } from "ssh2";
import type { FirewallConfig } from "../../config/config.ts";
import { AppError } from "../../domain/errors.ts";
import type { Connection } from "./log-in.ts";
import { createOutput, type Output } from "./output.ts";
import { placeOf } from "./place.ts";
import { scriptOnInput } from "./script-on-input.ts";
import { shellQuote } from "./shell-quote.ts";

/** The script at work on the host. */
export interface ScriptRun {
  readonly isOpen: () => boolean;
  /** How the host drops packets: `sets`, `nft` or `rules`. */
  readonly backend: string;
  /**
   * Sends the lines of one request and returns those of its answer. One at a time.
   * @throws {AppError} SSH_UNREACHABLE, FIREWALL_TIMEOUT, FIREWALL_COMMAND_FAILED
   */
  ask(lines: readonly string[]): Promise<readonly string[]>;
}

/** `session` answers many requests; `batch` answers one, and reads it much faster. */
export type RunMode = "session" | "batch";

export interface RunOptions {
  readonly config: FirewallConfig;
  readonly connection: Connection;
  readonly mode: RunMode;
  /** When the host neither takes nor says anything for so long, the connection is given up. */
  readonly silenceMs: number;
}

interface Started {
  readonly options: RunOptions;
  readonly channel: ClientChannel;
  readonly output: Output;
  readonly nonce: string;
  readonly silence: Silence;
}

/** The timer that runs while we wait for the host. */
interface Silence {
  timer?: NodeJS.Timeout | undefined;
}

/** What runs on the host. */
export const script = readFileSync(new URL("portcullis-fw.sh", import.meta.url), "utf8");

/** By which an installed script is known to be this one. */
const scriptSum = hash("sha256", script).slice(0, 12);

const onInput = scriptOnInput(script);

const maxAnswerChars = 64 * 1024 * 1024;

/** Starts the script. @throws {AppError} SSH_UNREACHABLE, FIREWALL_TIMEOUT, FIREWALL_COMMAND_FAILED */
export async function startScript(options: RunOptions): Promise<ScriptRun> {
  const nonce = randomBytes(12).toString("hex");
  const silence: Silence = {};
  const output = createOutput(maxAnswerChars, () =>
    failed(options.config, "said far more than it was asked for, the connection was cut"),
  );
  const opening = openChannel(options, nonce, (channel) => {
    listen({ options, channel, output, silence });
  });
  const channel = await withTimeout({ options, silence }, opening);
  const started = { options, channel, output, nonce, silence };
  channel.write(preamble(options.config, options.mode, nonce));
  const backend = await greet(started);
  let count = 0;
  return {
    backend,
    isOpen: () => options.connection.isOpen() && channel.writable,
    ask(lines) {
      count += 1;
      return ask(started, lines, count);
    },
  };
}

/** The command line, for a login shell of any kind. It holds no text from outside. */
function commandLine(config: Pick<FirewallConfig, "via">, mode: RunMode, nonce: string): string {
  if (config.via === "helper") {
    return "portcullis-fw"; // Its login runs one command, whatever we ask for.
  }
  const sh = config.via === "sudo" ? "exec sudo -n /bin/sh -c" : "exec /bin/sh -c";
  // The login shell expands this one: sudo empties the environment.
  return `${sh} ${shellQuote(onInput.command)} portcullis-fw ${mode} ${nonce} "$SSH_CONNECTION"`;
}

/** What is written before the first request. */
function preamble(config: Pick<FirewallConfig, "via">, mode: RunMode, nonce: string): string {
  return config.via === "helper" ? `start ${mode} ${nonce}\n` : onInput.input;
}

/** What the script printed before it was ready is the login shell's business. @returns the backend */
async function greet(started: Started): Promise<string> {
  const { options, output, nonce } = started;
  await withTimeout(started, output.until(`${nonce} `));
  const greeting = (await withTimeout(started, output.until("\n"))).trim();
  const [word, , backend = "", sum] = greeting.split(" ");
  if (word !== "ready") {
    throw failed(options.config, greeting.replace(/^error /, ""));
  }
  if (options.config.via === "helper" && sum !== scriptSum) {
    throw failed(
      options.config,
      `the helper installed there is of another version; ${installHint(options.config)}`,
    );
  }
  return backend;
}

function installHint({ name }: Pick<FirewallConfig, "name">): string {
  return `run \`portcullis firewall install ${name}\``;
}

async function ask(started: Started, lines: readonly string[], count: number): Promise<readonly string[]> {
  const { options, channel, output, nonce } = started;
  const id = options.mode === "session" ? String(count) : "batch";
  // A batch without its last line was cut off on the way, and is not done.
  const request = `${[...lines, `end ${id}`].join("\n")}\n`;
  if (options.mode === "session") {
    channel.write(request);
  } else {
    channel.end(request);
  }
  const begin = `${nonce} begin ${id}\n`;
  const end = `${nonce} end ${id}\n`;
  const text = await withTimeout(started, output.until(end));
  const answer = text.slice(text.indexOf(begin) + begin.length, -end.length - 1);
  return answer === "" ? [] : answer.split("\n");
}

/** @param onOpen runs before anything else comes from the host, which may be its end */
function openChannel(
  { config, connection, mode }: RunOptions,
  nonce: string,
  onOpen: (channel: ClientChannel) => void,
): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const onClose = (): void => {
      reject(lost(config));
    };
    connection.client.once("close", onClose);
    try {
      connection.client.exec(commandLine(config, mode, nonce), (error, channel) => {
        connection.client.off("close", onClose);
        if (error === undefined) {
          onOpen(channel);
          resolve(channel);
        } else {
          reject(lost(config, error));
        }
      });
    } catch (error) {
      reject(lost(config, error));
    }
  });
}

function listen({ options, channel, output, silence }: Omit<Started, "nonce">): void {
  const { config, connection } = options;
  let said = "";
  let heard = "";
  let exit: number | null | undefined;
  channel.setEncoding("utf8");
  channel.on("data", (piece: string) => {
    silence.timer?.refresh();
    heard = heard.length < 4096 ? heard + piece.slice(0, 4096) : heard;
    if (!output.push(piece)) {
      connection.destroy();
    }
  });
  channel.on("drain", () => {
    silence.timer?.refresh();
  });
  channel.stderr.setEncoding("utf8");
  channel.stderr.on("data", (piece: string) => {
    said = (said + piece).slice(0, 4096);
  });
  channel.on("error", (error: Error) => {
    output.fail(lost(config, error));
  });
  channel.on("exit", (code: number | null) => {
    exit = code;
  });
  channel.on("close", () => {
    output.fail(exit === undefined ? lost(config) : ended(config, exit, said, heard));
  });
}

/** What an installed helper says to a login that wanted something else to be run. */
const helperComplaint = "portcullis-fw: expects: start";

/** Gives the connection up when the host stays silent; a frozen one would never say so. */
function withTimeout<T>(
  { options: { config, connection, silenceMs }, silence }: Pick<Started, "options" | "silence">,
  work: Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(
        new AppError("FIREWALL_TIMEOUT", `${placeOf(config)}: no answer within ${Math.round(silenceMs)} ms`, {
          retryable: true,
        }),
      );
      connection.destroy();
    }, silenceMs);
    silence.timer = timer;
    // Before the answer is passed on: whoever waits for it may start the next timer.
    const stop = (): void => {
      clearTimeout(timer);
      silence.timer = undefined;
    };
    work.then(
      (value) => {
        stop();
        resolve(value);
      },
      (error: unknown) => {
        stop();
        reject(error);
      },
    );
  });
}

function ended(config: FirewallConfig, code: number | null, stderr: string, stdout: string): AppError {
  if (config.via !== "helper" && stdout.includes(helperComplaint)) {
    return failed(config, "this login can run only the helper: set `via: helper`");
  }
  const said = (stderr.split("\n").find((line) => line.trim() !== "") ?? "").trim().slice(0, 200);
  if (config.via === "sudo" && /sudo/.test(said)) {
    return failed(
      config,
      `sudo refused (${said}); the host needs sudo and, e.g. in /etc/sudoers.d/portcullis, the line: ${config.user} ALL=(root) NOPASSWD: /bin/sh`,
    );
  }
  if (config.via === "helper") {
    return failed(
      config,
      `the installed helper did not start (${said || `exit code ${code}`}); ${installHint(config)}`,
    );
  }
  const how = code === null ? "was killed" : `exited with ${code}`;
  return failed(config, `portcullis-fw.sh ${how}${said === "" ? "" : `: ${said}`}`);
}

function failed(config: FirewallConfig, why: string): AppError {
  return new AppError("FIREWALL_COMMAND_FAILED", `${placeOf(config)}: ${why}`, { retryable: true });
}

function lost(config: FirewallConfig, cause?: unknown): AppError {
  return new AppError(
    "SSH_UNREACHABLE",
    `${placeOf(config)}: the SSH connection was lost${cause instanceof Error ? `: ${cause.message}` : ""}`,
    { retryable: true, cause },
  );
}
