import type { Command } from "commander";
import { alerts, type AlertsOptions } from "./alerts.ts";
import { approvals } from "./approvals.ts";
import { approve, type ApproveOptions } from "./approve.ts";
import type { AskOptions } from "./ask-options.ts";
import { asking } from "./asking.ts";
import { backtest, type BacktestOptions } from "./backtest.ts";
import { decisions, type DecisionsOptions } from "./decisions.ts";
import { deny, type DenyOptions } from "./deny.ts";
import type { ExitCode, Host } from "./host.ts";
import type { ListOptions } from "./list-page.ts";
import { showAlert } from "./show-alert.ts";
import { policies } from "./policies.ts";
import { redriveAlert } from "./redrive-alert.ts";

type Finish = (exitCode: ExitCode) => void;

/** Commands about what came in, what was decided, and what waits for a person. @param finish gets the exit code */
export function addDecisionCommands(program: Command, host: Host, finish: Finish): void {
  addLists(program, host, finish);
  addAnswers(program, host, finish);
  addPolicies(program, host, finish);
}

function addLists(program: Command, host: Host, finish: Finish): void {
  const alertsCommand = program
    .command("alerts")
    .description("what came in, newest first, and what became of it")
    .option("--unreadable", "instead what came with the right secret and could not be read")
    .option("--limit <n>", "so many at most");
  asking(alertsCommand, "alerts --limit 10").action(async (options: AlertsOptions) => {
    finish(await alerts(host, options));
  });
  alertsCommand.enablePositionalOptions();
  const redriveCommand = alertsCommand
    .command("redrive")
    .description(
      "take up a stored alert again: one that failed, waits, or names addresses in fields that the settings name only now",
    )
    .argument("<id>", 'as "portcullis alerts" shows it');
  asking(redriveCommand, "alerts redrive al_0123456789abcdef0123456789abcdef").action(
    async (id: string, options: AskOptions) => {
      finish(await redriveAlert(host, id, options));
    },
  );
  const showCommand = alertsCommand
    .command("show")
    .description("one alert: rows, unknown keys, and what became of each address")
    .argument("<id>", 'as "portcullis alerts" shows it');
  asking(showCommand, "alerts show al_0123456789abcdef0123456789abcdef").action(
    async (id: string, options: AskOptions) => {
      finish(await showAlert(host, id, options));
    },
  );
  const decisionsCommand = program
    .command("decisions")
    .description("what was decided, newest first, and why")
    .option("--action <action>", "only block, hold, watch or ignore")
    .option("--differs", "only those about which the shadow policy says something else")
    .option("--limit <n>", "so many at most");
  asking(decisionsCommand, "decisions --action block --limit 20").action(
    async (options: DecisionsOptions) => {
      finish(await decisions(host, options));
    },
  );
}

const whichText =
  'as "portcullis approvals" shows it, or its beginning (6 characters after de_), or the address that is held';

function addAnswers(program: Command, host: Host, finish: Finish): void {
  const approvalsCommand = program
    .command("approvals")
    .description("what waits for a person")
    .option("--all", "also what was answered, or has lapsed")
    .option("--limit <n>", "so many at most");
  asking(approvalsCommand, "approvals").action(async (options: ListOptions & { readonly all?: true }) => {
    finish(await approvals(host, options));
  });
  const approveCommand = program
    .command("approve")
    .description("block what waits for a person, on every firewall")
    .argument("<id>", whichText)
    .option("--reason <text>", "why, for the record")
    .option("--for <duration>", "how long: 24h, 7d, permanent; default is what the policy says")
    .option("--force", "although new blocks are paused (administrators)")
    .option("--no-wait", "do not wait until the firewalls drop it");
  asking(approveCommand, 'approve de_4f1c09 --reason "seen in the VPN log too"').action(
    async (which: string, options: ApproveOptions) => {
      finish(await approve(host, which, options));
    },
  );
  const denyCommand = program
    .command("deny")
    .description("leave alone what waits for a person")
    .argument("<id>", whichText)
    .option("--reason <text>", "why, for the record")
    .option("--allow-for <duration>", "also put the address on the allow-list: 24h, 30d, always");
  asking(denyCommand, 'deny 203.0.113.5 --allow-for 30d --reason "our scanner"').action(
    async (which: string, options: DenyOptions) => {
      finish(await deny(host, which, options));
    },
  );
}

function addPolicies(program: Command, host: Host, finish: Finish): void {
  const policiesCommand = program
    .command("policies")
    .description("every policy that has decided, or what one of them says")
    .argument("[version]", 'as "portcullis policies" shows it');
  asking(policiesCommand, "policies sha256:4f1c09ab23cd").action(
    async (version: string | undefined, options: AskOptions) => {
      finish(await policies(host, version, options));
    },
  );
  const backtestCommand = program
    .command("backtest")
    .description(
      "what another policy would have decided with what was known; nobody is asked, nothing is changed",
    )
    .requiredOption(
      "--policy <file>",
      "a portcullis.yaml, or the keys of a policy alone; - reads standard input",
    )
    .option("--since <when>", "how far back (30d), or from when (2026-11-01)", "30d")
    .option("--limit <n>", "so many addresses at most");
  asking(backtestCommand, "backtest --policy strict.yaml --since 30d").action(
    async (options: BacktestOptions) => {
      finish(await backtest(host, options));
    },
  );
}
