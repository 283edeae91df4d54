import type { Command } from "commander";
import { askingForFile } from "./asking.ts";
import { analyze } from "./analyze.ts";
import type { AnalyzeOptions } from "./analyze-options.ts";
import { audit } from "./audit.ts";
import { checkConfig } from "./check-config.ts";
import { demo } from "./demo.ts";
import { example } from "./example.ts";
import { healthcheck } from "./healthcheck.ts";
import { formatNames } from "../ingest/logs/log-event.ts";
import type { ExitCode, Host } from "./host.ts";
import { type PullOptions, pull } from "./pull.ts";
import { replay } from "./replay.ts";
import { secrets } from "./secrets.ts";
import { serve } from "./serve.ts";
import { showConfig } from "./show-config.ts";

/** Commands about this installation, which ask no API. @param finish gets the exit code */
export function addPlainCommands(
  program: Command,
  host: Host,
  version: string,
  finish: (exitCode: ExitCode) => void,
): void {
  const add = (name: string, description: string, work: () => Promise<ExitCode>): void => {
    example(program.command(name), name)
      .description(description)
      .action(async () => {
        finish(await work());
      });
  };
  add("serve", "run the receiver", () => serve(host, version));
  add("demo", "show the whole loop with stand-ins; nothing needs to be configured", () =>
    demo(host, version),
  );
  add("check-config", "check the settings and name every mistake", () => checkConfig(host));
  add("show-config", "print the settings, secrets masked", () => showConfig(host));
  add("secrets", "print the webhook URL and the secrets", () => secrets(host));
  add("healthcheck", "exit code 0 when the receiver answers; for containers", () => healthcheck(host));
  addReplay(program, host, finish);
  addPull(program, host, finish);
  addAnalyze(program, host, finish);
  addAudit(program, host, finish);
}

function addReplay(program: Command, host: Host, finish: (exitCode: ExitCode) => void): void {
  const replayCommand = program
    .command("replay")
    .description("send alerts from JSON files, or stored ones once more, to the running receiver")
    .argument(
      "<alert...>",
      "files with one Splunk webhook payload each (- reads standard input), or ids of stored alerts, al_…, which get new decisions",
    )
    .option("--new-sid", "give each alert a sid of its own, so that it is not taken for a repeat");
  askingForFile(replayCommand, "replay alert.json --new-sid").action(
    async (files: readonly string[], options: { readonly url?: string; readonly newSid?: true }) => {
      finish(await replay(host, files, options));
    },
  );
}

const pullHelp = `
A window is searched from its earliest second, included, to its latest, not included. Searched again, its rows are known for a repeat.

With --every, windows of that length follow one another without gap or overlap: they begin at multiples of it (5m: at :00, :05, …), and each
is searched when --lag has passed after its end, because events reach Splunk late. A window that fails is tried again before the next. The
command starts with the last whole window: after a longer pause, say with --earliest how far to go back. Ctrl-C stops between two runs.`;

function addPull(program: Command, host: Host, finish: (exitCode: ExitCode) => void): void {
  const pullCommand = program
    .command("pull")
    .description("run a search in Splunk, and process its rows as an alert")
    .requiredOption("--search <text>", "in Splunk's language: index=main …, or beginning with |")
    .option("--earliest <time>", "where it begins: -5m, -2h, -1d@d, or seconds since 1970 (default: -5m)")
    .option("--latest <time>", "where it ends (default: now)")
    .option("--name <text>", "what the alerts are called (default: the search itself)")
    .option("--every <duration>", "go on, window after window of this length: 5m")
    .option("--lag <duration>", "with --every: how long after its end a window is searched (default: 30s)")
    .option("--json", "print a line of JSON for each alert")
    .option("--dry-run", "print the rows, and send nothing")
    .addHelpText("after", pullHelp);
  const line =
    "pull --search 'index=main sourcetype=linux_secure \"Failed password\" | stats count by src_ip' --every 5m";
  askingForFile(pullCommand, line).action(async (options: PullOptions) => {
    finish(await pull(host, options));
  });
}

function addAnalyze(program: Command, host: Host, finish: (exitCode: ExitCode) => void): void {
  const analyzeCommand = program
    .command("analyze")
    .description("find failed logins, web attacks and floods in log files")
    .argument("<file...>", "logs, plain or gzip; - is standard input")
    .option("--format <name>", `${formatNames.join(", ")}; default is what the first lines look like`)
    .option("--threshold <number>", "so many failures are too many; default is BRUTE_FORCE_THRESHOLD, 5")
    .option("--window <duration>", "within this time: 90s, 35m, 24h; default is LOOKBACK_MINUTES, 35m")
    .option(
      "--flood <number>",
      "so many requests to a web server within the window are too many; default is 5000",
    )
    .option("--follow", "go on with what is written from now on, as tail -F; ends with Ctrl-C")
    .option("--from-start", "with --follow: also what is there already")
    .option("--act", "send what is found to the running receiver, which decides about it as about any alert")
    .option("--top <number>", "print so many addresses; default is 20")
    .option("--json", "print it as JSON; with --follow one line each");
  askingForFile(analyzeCommand, "analyze /var/log/auth.log* --act").action(
    async (files: readonly string[], options: AnalyzeOptions) => {
      finish(await analyze(host, files, options));
    },
  );
}

function addAudit(program: Command, host: Host, finish: (exitCode: ExitCode) => void): void {
  const auditCommand = program
    .command("audit")
    .description("judge a firewall host's whole rule set against good practice; changes nothing there")
    .argument("<name>", "the firewall's name in the settings")
    .option("--json", "print it as JSON");
  example(auditCommand, "audit edge-1").action(async (name: string, options: { readonly json?: true }) => {
    finish(await audit(host, name, options));
  });
}
