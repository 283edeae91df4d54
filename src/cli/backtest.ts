import { z } from "zod";
import { cleanText } from "../domain/clean-text.ts";
import { utc } from "../notify/words.ts";
import { readAnswer, refused, Shown, shownJson } from "./ask-api.ts";
import { bar } from "./bar.ts";
import { callReceiver } from "./call-receiver.ts";
import type { ExitCode, Host } from "./host.ts";
import type { ListOptions } from "./list-page.ts";
import { moreWords } from "./more-words.ts";
import { readInput } from "./read-input.ts";
import { readLimit } from "./read-limit.ts";
import { readReceiver } from "./read-receiver.ts";
import { table } from "./table.ts";
import { wrongArgument } from "./wrong-argument.ts";

export interface BacktestOptions extends ListOptions {
  /** Path of the other policy. */
  readonly policy: string;
  /** `30d`, `2026-11-01`. */
  readonly since: string;
}

const BacktestAnswer = z.object({
  policyVersion: Shown,
  since: z.coerce.date(),
  decisions: z.number(),
  blocks: z.object({ were: z.number(), would: z.number() }),
  counts: z.record(Shown, z.number()),
  addresses: z.array(
    z.object({
      ip: Shown,
      was: Shown,
      would: Shown,
      change: Shown,
      at: z.coerce.date(),
      searchName: Shown.nullable(),
      reasons: z.array(Shown),
    }),
  ),
});
type BacktestAnswer = z.infer<typeof BacktestAnswer>;

const Faults = z.object({ faults: z.array(z.object({ problem: Shown })).min(1) });

/** Replaying months takes the receiver a while. */
const patienceMs = 10 * 60_000;

/**
 * Prints what another policy would have decided: nobody is asked, and nothing is changed.
 * @throws {AppError} CONFIG_INVALID with each mistake of the policy and its place, API_UNREACHABLE, API_REFUSED
 */
export async function backtest(host: Host, options: BacktestOptions): Promise<ExitCode> {
  const limit = readLimit(options.limit);
  const policy = (await readInput(host, options.policy)).toString("utf8");
  const config = await readReceiver(host);
  host.err("replaying what was decided …\n");
  const answer = await callReceiver(config, {
    method: "POST",
    path: "/api/v1/backtest",
    body: { policy, since: options.since, limit },
    url: options.url,
    asAdmin: true,
    timeoutMs: patienceMs,
    signal: host.stopSignal,
  });
  if (answer.status !== 200) {
    const faults = Faults.safeParse(answer.body).data?.faults;
    throw faults === undefined ? refused(answer) : mistakes(options.policy, faults);
  }
  const report = readAnswer(answer.body, BacktestAnswer);
  host.out(options.json === true ? shownJson(answer.body) : write(report));
  return 0;
}

/** `policy:3:5: …` → `strict.yaml:3:5: …`: the receiver does not know the file's name. */
function mistakes(file: string, faults: z.infer<typeof Faults>["faults"]): Error {
  const name = file === "-" ? "standard input" : file;
  return wrongArgument(
    faults
      .map(({ problem }) => problem.replace(/^policy(?=:\d+:\d+)/, () => cleanText(name, 100)))
      .join("\n"),
  );
}

function write({ policyVersion, since, decisions, blocks, counts, addresses }: BacktestAnswer): string {
  const changes = Object.entries(counts).filter(([change]) => change !== "same");
  const most = Math.max(0, ...changes.map(([, count]) => count));
  const bars = Object.entries(counts).map(([change, count]) => [
    change,
    count.toLocaleString("en-US"),
    change === "same" ? "" : bar(count, most),
  ]);
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const changed = changes.reduce((sum, [, count]) => sum + count, 0);
  return [
    `Policy ${policyVersion} since ${utc(since)}, over ${many(decisions, "decision")} about ${many(all, "address", "addresses")}. `,
    `Blocks made by policy: ${blocks.were.toLocaleString("en-US")}; with this one ${blocks.would.toLocaleString("en-US")}.\n\n`,
    table([["addresses", "how many", ""], ...bars, ["all", all.toLocaleString("en-US"), ""]]),
    ...(addresses.length === 0 ? [] : ["\n", changeTable(addresses)]),
    changed > addresses.length ? moreWords(addresses.length) : "",
  ].join("");
}

function many(count: number, one: string, more = `${one}s`): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : more}`;
}

function changeTable(addresses: BacktestAnswer["addresses"]): string {
  const rows = addresses.map(({ ip, change, was, would, at, searchName, reasons }) => [
    ip,
    change,
    `${was} → ${would}`,
    utc(at),
    searchName ?? "-",
    reasons.join("; "),
  ]);
  return table([["address", "change", "was → would be", "decided", "search", "why"], ...rows]);
}
