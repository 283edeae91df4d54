import { utc } from "../notify/words.ts";
import { bar } from "./bar.ts";
import type { ProviderAnswer } from "./provider-answer.ts";
import { table } from "./table.ts";

/** Providers for people: a line per window of each budget. */
export function writeProviders(providers: readonly ProviderAnswer[]): string {
  const head = ["provider", "state", "left", "", "waiting", "asked", "failed", "runs out", "trouble"];
  return table([head, ...providers.flatMap(rowsOf)]);
}

type Window = ProviderAnswer["windows"][number];

function rowsOf(provider: ProviderAnswer): readonly (readonly string[])[] {
  const { title, state, windows, waiting, totals, network } = provider;
  const budgets = [
    ...windows.map((window) => leftCells(window, "")),
    ...(network?.windows ?? []).map((window) => leftCells(window, " (networks)")),
  ];
  const [first = ["-", ""], ...others] = budgets;
  const { asked, failed } = totals;
  return [
    [
      title,
      state,
      ...first,
      String(waiting),
      String(asked),
      String(failed),
      runsOut(provider),
      troubleWords(provider),
    ],
    ...others.map((cells) => ["", "", ...cells, "", "", "", "", ""]),
  ];
}

const gaugeLength = 10;

/** `day 400 of 500  ▇▇▇▇▇▇▇▇··` */
function leftCells({ name, limit, left }: Window, suffix: string): readonly string[] {
  return [`${name} ${left} of ${limit}${suffix}`, bar(left, limit, gaugeLength).padEnd(gaugeLength, "·")];
}

function runsOut({ runsOutAt }: ProviderAnswer): string {
  return runsOutAt === null ? "-" : utc(runsOutAt);
}

function troubleWords({ trouble, notBefore }: ProviderAnswer): string {
  const again = notBefore === null ? "" : `asked again ${utc(notBefore)}`;
  return trouble === null ? again : [`${trouble.kind}: ${trouble.reason}`, again].filter(Boolean).join("; ");
}
